// SPDX-License-Identifier: GPL-2.0
/*
 * copyscope: reports every copy of bytes by the CPU at the function that makes it, as a tracepoint (without a user of
 * the tracepoints nothing is probed), and has buffers that programs and devices share (/dev/copyscope). Here is only
 * the order in which the parts come and go.
 */
#include <linux/module.h>

#include "buffer.h"
#include "sites.h"

/* Told, not chosen: who reads it believes it. */
static int copyscope_set_abi(const char *text, const struct kernel_param *parameter)
{
	return param_set_uint_minmax(text, parameter, COPYSCOPE_MODULE_ABI, COPYSCOPE_MODULE_ABI);
}

static const struct kernel_param_ops abi_operations = {
	.set = copyscope_set_abi,
	.get = param_get_uint,
};

static unsigned int abi = COPYSCOPE_MODULE_ABI;
module_param_cb(abi, &abi_operations, &abi, 0444);
__MODULE_PARM_TYPE(abi, "uint");
MODULE_PARM_DESC(abi, "version of the tracepoints' arguments");

static int __init copyscope_init(void)
{
	int error;

	error = copyscope_arming_init();
	if (error)
		return error;
	error = copyscope_device_init();
	if (error) {
		copyscope_arming_exit();
		return error;
	}
	copyscope_debug_init();
	return 0;
}

static void __exit copyscope_exit(void)
{
	copyscope_debug_exit();
	copyscope_device_exit();
	copyscope_arming_exit();
}

module_init(copyscope_init);
module_exit(copyscope_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tracepoints at the functions that copy bytes, and DMA buffers for programs");
