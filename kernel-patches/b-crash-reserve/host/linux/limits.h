/* of glibc, too, which includes it in limits.h */
