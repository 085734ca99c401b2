#include "include/linux/swiotlb.h"
