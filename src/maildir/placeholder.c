/* maildir */ typedef int mh_maildir_placeholder;
