#include "include/linux/crash_reserve.h"
