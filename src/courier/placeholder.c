/* courier */ typedef int mh_courier_placeholder;
