# shellcheck shell=bash disable=SC2154 # shared with tools/kernels
# SPDX-License-Identifier: Apache-2.0
#
# The few files of the kernel's source that Debian ships in no other package,
# out of 140 MB of source. Knows which; must not know suites or how apt is asked.

# dmatest: the kernel's own test of DMA engines, not built by Debian.
source_files=(drivers/dma/dmatest.c)

# arrange_source TREE VERSION SOURCE: of the unpacked package, SOURCE keeps these.
arrange_source() {
	local archive=$1/usr/src/linux-source-$2.tar.xz name=linux-source-$2
	[[ -r $archive ]] || die "linux-source-$2 holds no $archive; see arrange_source"
	mkdir -p "$3"
	tar -xJf "$archive" -C "$3" --strip-components=1 --occurrence=1 "${source_files[@]/#/$name/}" ||
		die "linux-source-$2 has not all of: ${source_files[*]}"
}
