#include "include/linux/sizes.h"
