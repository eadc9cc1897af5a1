/* mbox */ typedef int mh_mbox_placeholder;
