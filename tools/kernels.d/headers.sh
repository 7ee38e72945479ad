# shellcheck shell=bash disable=SC2154 # shared with tools/kernels
# SPDX-License-Identifier: Apache-2.0
#
# What is needed to build a module for a cached kernel, made to work from the
# cache: Debian's packages expect each other in /usr/src and /usr/lib. Knows how
# these packages are laid out; must not know suites or how apt is asked.
#
# The folder headers/ of an entry: what the package of the flavour holds, with
# common/ (the sources shared by all flavours) and kbuild/ (the programs) in it.
# `make -C headers M=... modules` builds a module.

# headers_of RELEASE VERSION: the packages; nothing if there are none to be had.
headers_of() {
	case $2 in
	# 7.2: its kbuild programs are linked against a newer libc than Debian 12's
	7.2) return ;;
	6.1) echo "linux-kbuild-6.1" ;;
	*) echo "linux-kbuild-${1%-amd64}" ;;
	esac
	echo "linux-headers-$1 linux-headers-${1%-amd64}-common"
}

# arrange_headers TREE RELEASE HEADERS: unpacked packages become HEADERS.
# Links are relative, so that the folder may be moved.
arrange_headers() {
	local tree=$1 release=$2 headers=$3 name
	mv "$tree/usr/src/linux-headers-$release" "$headers"
	mv "$tree/usr/src/linux-headers-${release%-amd64}-common" "$headers/common"
	mv "$tree"/usr/lib/linux-kbuild-* "$headers/kbuild"
	for name in scripts tools; do
		ln -sfn "kbuild/$name" "$headers/$name"
		ln -sfn "../kbuild/$name" "$headers/common/$name"
	done
	# It includes the common one by its absolute path.
	# shellcheck disable=SC2016 # for make to expand
	echo 'include $(dir $(realpath $(lastword $(MAKEFILE_LIST))))common/Makefile' \
		>"$headers/Makefile"
	# With a vmlinux, kbuild would want to add BTF by a program that is not here.
	rm -f "$headers/vmlinux"
}
