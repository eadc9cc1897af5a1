#include "mbox-render.h"

void
mbox_render_begin(MboxRender *render, MboxHiding hiding, MboxUnquote unquote, MboxTextFunc text,
                  void *user)
{
    *render = (MboxRender){.hiding = hiding, .text = text, .user = user};
    mbox_unquoter_init(&render->unquoter, unquote);
}

bool
mbox_render_header(MboxRender *render, MhSpan header)
{
    return mbox_metadata_filter(header, render->hiding, render->text, render->user);
}

bool
mbox_render_body(MboxRender *render, MhSpan bytes)
{
    return mbox_unquoter_feed(&render->unquoter, bytes, render->text, render->user);
}

bool
mbox_render_end(MboxRender *render)
{
    return mbox_unquoter_finish(&render->unquoter, render->text, render->user);
}
