/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/runtime.h"
#include "signing/error.h"

#include <errno.h>
#include <sys/resource.h>

#define OCI_RUNTIME_VERSION "1.0.2"
/* The name that programs find for the machine they run on. */
#define HOST_NAME "localhost"
/* Of one user in the container; what all may have together is the control group's. */
#define PROCESSES_MAX 2048
#define FILES_USUAL 1024
#define FILES_MAX 4096

/* ---- the program ---- */

char *
runtime_find(const char *name, GError **error)
{
  static const char *const known[] = {"crun", "runc"};
  char *found = name != NULL ? g_find_program_in_path(name) : NULL;
  for (guint i = 0; name == NULL && found == NULL && i < G_N_ELEMENTS(known); i++)
    found = g_find_program_in_path(known[i]);
  if (found == NULL && name != NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "there is no container runtime '%s'", name);
  else if (found == NULL)
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND,
                "steps that run programs need a container runtime, and this machine has neither crun nor runc\n"
                "hint: install one of them, or name another with --runtime");
  return found;
}

/* ---- what a step may do ---- */

/* What the installation of packages needs (docker's list without what reaches beyond the tree). */
static const char *const capabilities[] = {
  "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID",     "CAP_KILL",
  "CAP_SETGID", "CAP_SETUID",       "CAP_SETFCAP", "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE",
};

/* Calls that no build needs and that reach for the kernel, other namespaces or other processes. */
static const char *const forbidden[] = {
  "acct",
  "add_key",
  "bpf",
  "clock_adjtime",
  "clock_settime",
  "create_module",
  "delete_module",
  "fanotify_init",
  "finit_module",
  "fsconfig",
  "fsmount",
  "fsopen",
  "fspick",
  "get_kernel_syms",
  "init_module",
  "io_uring_enter",
  "io_uring_register",
  "io_uring_setup",
  "ioperm",
  "iopl",
  "kcmp",
  "kexec_file_load",
  "kexec_load",
  "keyctl",
  "lookup_dcookie",
  "mount",
  "mount_setattr",
  "move_mount",
  "move_pages",
  "name_to_handle_at",
  "nfsservctl",
  "open_by_handle_at",
  "open_tree",
  "perf_event_open",
  "pivot_root",
  "process_madvise",
  "process_vm_readv",
  "process_vm_writev",
  "ptrace",
  "query_module",
  "quotactl",
  "quotactl_fd",
  "reboot",
  "request_key",
  "setdomainname",
  "sethostname",
  "setns",
  "settimeofday",
  "stime",
  "swapoff",
  "swapon",
  "sysfs",
  "syslog",
  "umount",
  "umount2",
  "unshare",
  "uselib",
  "userfaultfd",
  "ustat",
  "vhangup",
  "vm86",
  "vm86old",
};

/* The tree is thrown away, or read whole before the disk has it: nothing needs to wait for the disk. */
static const char *const pointless[] = {"fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "sync_file_range2", "msync"};

/* The machine's own, and those whose programs it runs too. */
static const char *const architectures[] = {
#if defined(__x86_64__)
  "SCMP_ARCH_X86_64",
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X32",
#elif defined(__aarch64__)
  "SCMP_ARCH_AARCH64",
  "SCMP_ARCH_ARM",
#elif defined(__riscv)
  "SCMP_ARCH_RISCV64",
#elif defined(__powerpc64__)
  "SCMP_ARCH_PPC64LE",
#elif defined(__s390x__)
  "SCMP_ARCH_S390X",
#elif defined(__arm__)
  "SCMP_ARCH_ARM",
#else
  "SCMP_ARCH_X86",
#endif
};

static const char *const masked[] = {
  "/proc/acpi",        "/proc/asound",     "/proc/kcore",       "/proc/keys", "/proc/latency_stats",
  "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/proc/scsi", "/sys/firmware",
};

static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

static json_t *
strings(const char *const *texts, guint n)
{
  json_t *list = json_array();
  for (guint i = 0; i < n; i++)
    json_array_append_new(list, json_string(texts[i]));
  return list;
}

#define STRINGS(texts) strings(texts, G_N_ELEMENTS(texts))

static json_t *
texts_until_null(const char *const *texts)
{
  return strings(texts, texts != NULL ? g_strv_length((char **)texts) : 0);
}

static json_t *
seccomp(void)
{
  json_t *rules = json_array();
  json_array_append_new(
    rules, json_pack("{s:o, s:s, s:i}", "names", STRINGS(forbidden), "action", "SCMP_ACT_ERRNO", "errnoRet", EPERM));
  json_array_append_new(rules,
                        json_pack("{s:o, s:s, s:i}", "names", STRINGS(pointless), "action", "SCMP_ACT_ERRNO", "errnoRet", 0));
  /* clone(2) with CLONE_NEWUSER; clone3(2), whose flags cannot be seen, is said not to be there, and programs turn to clone */
  json_array_append_new(rules, json_pack("{s:[s], s:s, s:i, s:[{s:i, s:i, s:i, s:s}]}", "names", "clone", "action",
                                         "SCMP_ACT_ERRNO", "errnoRet", EPERM, "args", "index", 0, "value", 0x10000000,
                                         "valueTwo", 0x10000000, "op", "SCMP_CMP_MASKED_EQ"));
  json_array_append_new(rules,
                        json_pack("{s:[s], s:s, s:i}", "names", "clone3", "action", "SCMP_ACT_ERRNO", "errnoRet", ENOSYS));
  return json_pack("{s:s, s:o, s:o}", "defaultAction", "SCMP_ACT_ALLOW", "architectures", STRINGS(architectures), "syscalls",
                   rules);
}

/* ---- what it sees ---- */

static void
add_mount(json_t *mounts, const char *target, const char *type, const char *source, const char *options)
{
  g_auto(GStrv) words = g_strsplit(options, ",", -1);
  json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", target, "type", type, "source", source,
                                          "options", texts_until_null((const char *const *)words)));
}

static json_t *
mounts_of(const RuntimeSpec *spec)
{
  json_t *mounts = json_array();
  add_mount(mounts, "/proc", "proc", "proc", "nosuid,noexec,nodev");
  add_mount(mounts, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
  add_mount(mounts, "/dev/pts", "devpts", "devpts",
            spec->alone ? "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"
                        : "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
  add_mount(mounts, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777");
  /* a sysfs shows the network namespace of who mounts it, which has to be his own */
  if (spec->network)
    add_mount(mounts, "/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro");
  else
    add_mount(mounts, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
  add_mount(mounts, "/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=755");
  add_mount(mounts, "/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777");
  for (guint i = 0; i < spec->n_mounts; i++) {
    const RuntimeMount *mount = &spec->mounts[i];
    add_mount(mounts, mount->target, "none", mount->source, mount->writable ? "bind,nosuid,nodev" : "bind,nosuid,nodev,ro");
  }
  return mounts;
}

/* Nobody but the first namespace's root may raise what he was given. */
static void
add_limit(json_t *limits, const char *name, __rlimit_resource_t which, rlim_t usual, rlim_t most)
{
  struct rlimit own;
  if (getrlimit(which, &own) == 0 && own.rlim_max < most)
    most = own.rlim_max;
  json_array_append_new(
    limits, json_pack("{s:s, s:I, s:I}", "type", name, "soft", (json_int_t)MIN(usual, most), "hard", (json_int_t)most));
}

static json_t *
process_of(const RuntimeSpec *spec)
{
  json_t *groups = json_array(), *sets = json_object();
  for (guint i = 0; i < spec->n_groups; i++)
    json_array_append_new(groups, json_integer(spec->groups[i]));
  static const char *const names[] = {"bounding", "effective", "permitted"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    json_object_set_new(sets, names[i], STRINGS(capabilities));
  json_t *user = json_pack("{s:I, s:I, s:i}", "uid", (json_int_t)spec->uid, "gid", (json_int_t)spec->gid, "umask", 022);
  json_object_set_new(user, "additionalGids", groups);
  json_t *limits = json_array();
  add_limit(limits, "RLIMIT_NOFILE", RLIMIT_NOFILE, FILES_USUAL, FILES_MAX);
  add_limit(limits, "RLIMIT_NPROC", RLIMIT_NPROC, PROCESSES_MAX, PROCESSES_MAX);
  add_limit(limits, "RLIMIT_CORE", RLIMIT_CORE, 0, 0);
  json_t *size = spec->terminal && spec->rows > 0
                   ? json_pack("{s:I, s:I}", "height", (json_int_t)spec->rows, "width", (json_int_t)spec->columns)
                   : NULL;
  return json_pack("{s:b, s:o*, s:o, s:o, s:o, s:s, s:o, s:o, s:b}", "terminal", spec->terminal, "consoleSize", size, "user",
                   user, "args", texts_until_null(spec->command), "env", texts_until_null(spec->environment), "cwd",
                   spec->folder, "capabilities", sets, "rlimits", limits, "noNewPrivileges", TRUE);
}

static json_t *
linux_of(const RuntimeSpec *spec)
{
  static const char *const types[] = {"pid", "ipc", "uts", "mount", "cgroup", "network"};
  json_t *namespaces = json_array();
  for (guint i = 0; i < G_N_ELEMENTS(types) - (spec->network ? 1 : 0); i++)
    json_array_append_new(namespaces, json_pack("{s:s}", "type", types[i]));
  return json_pack("{s:o, s:o, s:o, s:o}", "namespaces", namespaces, "seccomp", seccomp(), "maskedPaths", STRINGS(masked),
                   "readonlyPaths", STRINGS(read_only));
}

json_t *
runtime_config(const RuntimeSpec *spec)
{
  return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", OCI_RUNTIME_VERSION, "process", process_of(spec),
                   "root", "path", spec->tree, "readonly", FALSE, "hostname", HOST_NAME, "mounts", mounts_of(spec), "linux",
                   linux_of(spec));
}
