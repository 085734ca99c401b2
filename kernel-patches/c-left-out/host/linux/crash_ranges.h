#include "include/linux/crash_ranges.h"
