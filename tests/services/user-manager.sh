#!/usr/bin/env bash
# Runs a command under a systemd user manager of its own: `user-manager.sh FOLDER COMMAND [ARGUMENT]...`
#
# The manager gets a private /run, private process numbers and a private branch of the control groups, so that it sees
# and ends nothing but what it started. FOLDER becomes HOME, and holds the manager's log afterwards. Needs root.
set -euo pipefail
self=$(realpath "$0")

case $1 in
--namespaced)
    # Only this script and its children see these mounts.
    shift
    groups=$1/groups
    home=$(sed -n 's/^0:://p' /proc/self/cgroup)
    mkdir "$groups"
    mount -t cgroup2 cgroup2 "$groups"
    mkdir "$groups/sayso-test-$$"
    echo $$ >"$groups/sayso-test-$$/cgroup.procs"
    leave() {
        echo $$ >"$groups$home/cgroup.procs"
        # The manager's own groups are empty once it has ended; the kernel may need a moment to see it.
        for ((try = 0; try < 100; try++)); do
            find "$groups/sayso-test-$$" -depth -type d -exec rmdir {} + 2>/dev/null && break
            sleep 0.02
        done
        umount "$groups"
        rmdir "$groups"
    }
    trap leave EXIT
    unshare --mount --cgroup --pid --fork --kill-child -- bash "$self" --manager "$@"
    ;;
--manager)
    shift
    folder=$1
    shift
    umount "$folder/groups"
    mount -t proc proc /proc
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tmpfs tmpfs /run
    export HOME=$folder XDG_RUNTIME_DIR=/run/user/$UID
    unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME DBUS_SESSION_BUS_ADDRESS
    mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
    chmod 700 "$XDG_RUNTIME_DIR"
    for manager in /lib/systemd/systemd /usr/lib/systemd/systemd; do
        if [[ -x $manager ]]; then break; fi
    done
    "$manager" --user --log-target=console >"$folder/manager.log" 2>&1 &
    # It listens as soon as it can be asked anything.
    for ((try = 0; try < 500; try++)); do
        if [[ -S $XDG_RUNTIME_DIR/systemd/private ]]; then break; fi
        sleep 0.02
    done
    systemctl --user is-system-running --wait >/dev/null || true
    "$@"
    ;;
--possible)
    # Fails with the reason where this machine does not allow it.
    unshare --mount --cgroup --pid --fork --kill-child -- sh -ec '
        mount -t tmpfs tmpfs /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup'
    ;;
*)
    exec unshare --mount -- bash "$self" --namespaced "$@"
    ;;
esac
