# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# An apt of our own: suites the machine does not use, read through private
# lists so that the machine's apt configuration and state stay untouched.
# Knows apt's options; must not know what a kernel package is called.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_mirror LABEL: the address the machine itself uses for the archive with
# this label ("Debian" or "Debian-Security"). None is written down here.
apt_mirror() {
	# shellcheck disable=SC2016 # the fields are for apt to fill in
	apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v label="$1" '$1 == label { print $2; exit }'
}

# apt_setup DIR SUITE...: makes DIR a private apt that sees these suites.
apt_setup() {
	local dir=$1 suite label mirror
	shift
	[[ -r $apt_keyring ]] ||
		die "no $apt_keyring; install it: tools/install-packages vm"
	mkdir -p "$dir"/{sources,lists/partial,cache/archives/partial}
	for suite; do
		label=Debian
		[[ $suite == *-security ]] && label=Debian-Security
		mirror=$(apt_mirror "$label")
		[[ $mirror ]] ||
			die "apt knows no $label archive; add one to /etc/apt and run apt-get update"
		echo "deb [signed-by=$apt_keyring] $mirror $suite main"
	done >"$dir/sources/suites.list"
	apt_options=(
		-o Dir::Etc::SourceList=/dev/null
		-o Dir::Etc::SourceParts="$dir/sources"
		-o Dir::State::Lists="$dir/lists"
		-o Dir::Cache="$dir/cache"
		# The folder is ours, not _apt's; without this apt warns each time.
		-o APT::Sandbox::User=root
	)
	apt-get "${apt_options[@]}" -q update --error-on=any >"$dir/log" 2>&1 ||
		die "cannot read the package lists of $*: $(apt_error "$dir/log"); check the network"
}

# apt_names PREFIX: all package names that start so.
apt_names() { apt-cache "${apt_options[@]}" pkgnames "$1"; }

# apt_depends PACKAGE: what it depends on, one name a line.
apt_depends() {
	apt-cache "${apt_options[@]}" depends "$1" | sed -n 's/^ *|*Depends: //p'
}

# apt_extract DIR TREE PACKAGE...: downloads and unpacks, installs nothing.
apt_extract() {
	local dir=$1 tree=$2 deb
	shift 2
	(cd "$dir" && apt-get "${apt_options[@]}" -q download "$@" >log 2>&1) ||
		die "cannot download $*: $(apt_error "$dir/log"); check the network"
	for deb in "$dir"/*.deb; do
		dpkg -x "$deb" "$tree"
		rm "$deb"
	done
}

# apt_error LOG: the first thing apt complained about, on one line.
apt_error() { grep -m1 -E '^(E|Err|W):?' "$1" || tail -n 1 "$1"; }
