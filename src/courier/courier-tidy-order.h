/* courier-tidy-order: the order in which the POP3 server has the messages of a tidy folder.
 *
 * That is the order of names, and nearly that of UIDs: of two messages that came within a second
 * the later one may have the name that sorts first. Those few that are out of order are held, with
 * their names, and the others are walked as they are.
 */
#pragma once

#include "courier-names.h"

typedef struct CourierTidyOrder CourierTidyOrder;

/* Both must outlive it. */
CourierTidyOrder *courier_tidy_order_new(CourierNames *names, const MhMailbox *mailbox);
void courier_tidy_order_free(CourierTidyOrder *order); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierTidyOrder, courier_tidy_order_free)

/* Adds the next message of the mailbox, whose name is the one that was told last. False when it is
 * one with another to that server, or too much is out of order. */
bool courier_tidy_order_add(CourierTidyOrder *order, uint32_t index, bool is_new, size_t base_len);
/* All messages have been added. False when two are one to that server. */
bool courier_tidy_order_finish(CourierTidyOrder *order);

/* Is it mailbox order? */
bool courier_tidy_order_is_plain(const CourierTidyOrder *order);

/* The next message, and its name as the server would find it in cur/; borrowed until the next call.
 * False when there is none, it cannot be told, or it is one with another to that server. */
bool courier_tidy_order_next(CourierTidyOrder *order, uint32_t *out_index, MhSpan *out_name);
