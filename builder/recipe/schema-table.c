/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"

#include <string.h>

/* Patterns that more than one row needs. */
#define USER_NAME "[a-z_][a-z0-9_-]{0,31}"
#define OWNER_NAME "^(" USER_NAME "|[0-9]{1,10})$"
#define OWNER_SAYS "a name (lower-case letters, digits, '_', '-') or a number"
#define NAME_SAYS "lower-case letters, digits, '_' and '-', beginning with a letter, 32 characters at most"
#define ABSOLUTE "^/"
#define ABSOLUTE_SAYS "an absolute path in the image"
#define MODE "^0?[0-7]{3,4}$"
#define MODE_SAYS "three or four octal digits, like \"0644\""
/* What tells a registry's name from the first part of a repository's, as everywhere: a dot, a port, or being localhost. */
#define REGISTRY "([A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{1,5}|localhost)"
#define REPOSITORY "[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
#define TAG "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
#define PARAM "^[A-Za-z_][A-Za-z0-9_-]*$"
#define PARAM_SAYS "letters, digits, '_' and '-', beginning with a letter or '_'"
#define STAGE_NAME "[a-z0-9][a-z0-9_-]{0,63}"
#define STAGE "^" STAGE_NAME "$"
#define STAGE_SAYS "lower-case letters, digits, '_' and '-', beginning with a letter or digit, 64 characters at most"
#define ID_MAX 4294967294
#define SIZE "^[0-9]{1,15}[KMGT]?$"
#define SIZE_SAYS "a number of bytes, like 4096, 20K or 1G (1024 bytes are a K)"

/* A test of the whole image, which is a word, or a map that says what is excepted. */
#define WHOLE_TEST(name, alias, what)                                                                                          \
  {.path = "tests[]." name, .kinds = SCHEMA_MAP, .also = alias, .text = what},                                                 \
    {.path = "tests[]." name ".except",                                                                                        \
     .kinds = SCHEMA_LIST,                                                                                                     \
     .also = "allow|ignore|exclude",                                                                                           \
     .text = "Absolute paths or globs ('*' matches '/' too) that need not be so."},                                            \
  {                                                                                                                            \
    .path = "tests[]." name ".except[]", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE,                                            \
    .says = "an absolute path or glob in the image"                                                                            \
  }
/* Text that is looked for: a word says that it must stand there. */
#define EXPECTED_TEXT(name, what)                                                                                              \
  {.path = "tests[]." name, .kinds = SCHEMA_TEXT | SCHEMA_MAP, .text = what},                                                  \
    {.path = "tests[]." name ".contains", .kinds = SCHEMA_TEXT, .text = "Text that must stand in it."},                        \
  {                                                                                                                            \
    .path = "tests[]." name ".matches", .kinds = SCHEMA_TEXT, .also = "regex",                                                 \
    .text = "A regular expression that must be found in it; ^ and $ match at each line."                                       \
  }

/* Rows that belong together; in a row the keys in the order they are thought of. */
/* clang-format off */
const SchemaKey schema_keys[] = {
  /* ---- what it is ---- */
  {.path = "name", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$",
   .says = "lower-case letters and digits, with single '.', '_', '__' or dashes between them",
   .text = "The image's name; outputs are called NAME-VERSION."},
  {.path = "version", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .flags = SCHEMA_REQUIRED,
   .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
   .says = "letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_', 128 characters at most",
   .also = "tag",
   .text = "The image's version and tag. Plain numbers are taken as they stand: 1.10 is not 1.1."},
  {.path = "version.git", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .values = "describe",
   .text = "The version is what 'git describe --tags --always --dirty' says of the recipe's folder."},
  {.path = "description", .kinds = SCHEMA_TEXT, .also = "summary|comment",
   .text = "One sentence on what the image is for."},
  {.path = "arch", .kinds = SCHEMA_LIST, .fallback = "[amd64]", .also = "architecture|architectures|platforms|platform",
   .text = "The architectures, by Debian's names. Several make a multi-architecture image."},
  {.path = "arch[]", .kinds = SCHEMA_TEXT, .values = "amd64|arm64|armel|armhf|i386|mips64el|ppc64el|riscv64|s390x",
   .also = "x86_64=amd64|x86-64=amd64|x64=amd64|aarch64=arm64|arm64v8=arm64|ppc64le=ppc64el|i686=i386|x86=i386|arm=armhf"},
  {.path = "epoch", .kinds = SCHEMA_TEXT, .also = "date|time|timestamp|source_date_epoch",
   .pattern = "^(0|[1-9][0-9]{0,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)$",
   .says = "seconds since 1970, or a time like \"2026-11-01T00:00:00Z\"", .fallback = "the date of the lock",
   .text = "The time that the image bears: later times of files are set back to it. SOURCE_DATE_EPOCH goes before it."},
  {.path = "include", .kinds = SCHEMA_LIST, .also = "includes|imports|import|extends",
   .text = "Recipe files, relative to this one, that are read first: their lists are put before this file's, their maps are "
           "merged with its, and its own text wins. Paths in an included file are relative to that file."},
  {.path = "include[]", .kinds = SCHEMA_TEXT, .flags = SCHEMA_VERBATIM, .pattern = "^[^/]", .says = "a relative path"},
  {.path = "params", .kinds = SCHEMA_MAP, .also = "parameters|args|variables|vars",
   .text = "Parameters and their defaults. ${NAME} in any value stands for one, $${ for the characters ${ themselves; "
           "--set NAME=VALUE overrides a default."},
  {.path = "params.*", .kinds = SCHEMA_TEXT, .flags = SCHEMA_VERBATIM, .names = PARAM,
   .says_names = PARAM_SAYS},
  {.path = "matrix", .kinds = SCHEMA_MAP, .also = "variants|flavours|strategy",
   .text = "Several images of one recipe: for parameters the values that they take. Each combination of values is an image, as if "
           "they had been given by --set, with a lock file of its own (web.flavour=debug,suite=trixie.lock beside web.yaml); its "
           "name or version must say which it is. 'build --only NAME=VALUE' chooses among them."},
  {.path = "matrix.exclude", .kinds = SCHEMA_LIST, .text = "Combinations that are left out: those with all the values of one item."},
  {.path = "matrix.exclude[]", .kinds = SCHEMA_MAP},
  {.path = "matrix.exclude[].*", .kinds = SCHEMA_TEXT, .flags = SCHEMA_VERBATIM, .names = PARAM, .says_names = PARAM_SAYS},
  {.path = "matrix.include", .kinds = SCHEMA_LIST,
   .text = "Values that are added: those of each item to all combinations that have what else it names; where there is none, the "
           "item is a combination of its own, whose other parameters have their defaults."},
  {.path = "matrix.include[]", .kinds = SCHEMA_MAP},
  {.path = "matrix.include[].*", .kinds = SCHEMA_TEXT, .flags = SCHEMA_VERBATIM, .names = PARAM, .says_names = PARAM_SAYS},
  {.path = "matrix.*", .kinds = SCHEMA_LIST, .names = PARAM, .says_names = PARAM_SAYS},
  {.path = "matrix.*[]", .kinds = SCHEMA_TEXT, .flags = SCHEMA_VERBATIM},

  /* ---- what it is built upon ---- */
  {.path = "from", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .flags = SCHEMA_STAGE, .also = "base|base_image|parent",
   .pattern = "^(scratch|(oci|oci-archive|tar|dir|recipe):[^\\x00-\\x1f\\x7f]+|docker://" REGISTRY "/" REPOSITORY "(:" TAG "|@sha256:[0-9a-f]{64})?|stage:" STAGE_NAME ")$",
   .says = "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://HOST/REPO[:TAG|@DIGEST], tar:FILE, dir:DIR, recipe:FILE, stage:NAME or scratch",
   .text = "The image to start from: its layers are kept as they are, its configuration and its accounts are continued. Paths are "
           "relative to the recipe's folder, and may lead out of it. The lock holds its digest. Another recipe is built first, by its own lock, and without writing its outputs; "
           "the image of its first output is what is started from. Of a stage of this recipe, all that it made is: its layers are the lowest of the image, "
           "and what 'debian' does not say is as the stage's says it, but for 'packages' and 'variant'. A stage may start from all of these too."},
  {.path = "from.recipe", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = "^[^\\x00-\\x1f\\x7f]+$", .says = "a recipe file", .also = "file|path",
   .text = "Another recipe, as recipe:FILE has it."},
  {.path = "from.with", .kinds = SCHEMA_MAP, .also = "params|set|args|parameters|matrix",
   .text = "Values for parameters of that recipe, as --set would give them; of a matrix they choose the image that has them. With "
           "values its lock file is called as that of such an image is: base.flavour=slim.lock beside base.yaml."},
  {.path = "from.with.*", .kinds = SCHEMA_TEXT, .names = PARAM, .says_names = PARAM_SAYS},

  /* ---- packages ---- */
  {.path = "debian", .kinds = SCHEMA_MAP, .flags = SCHEMA_STAGE, .also = "apt|deb", .text = "Packages of a Debian archive."},
  {.path = "debian.suite", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED | SCHEMA_INHERITED,
   .pattern = "^[A-Za-z0-9][A-Za-z0-9+._-]*(/[A-Za-z0-9+._-]+)*$",
   .says = "a suite's name, like bookworm", .also = "release|codename|distribution",
   .text = "The suite, by code name; its updates and security suites are taken in where the mirror's configuration has them. Upon a stage that has one, it is that one."},
  {.path = "debian.components", .kinds = SCHEMA_LIST, .fallback = "[main]", .text = "The archive's components."},
  {.path = "debian.components[]", .kinds = SCHEMA_TEXT, .pattern = "^[A-Za-z0-9][A-Za-z0-9+._-]*(/[A-Za-z0-9+._-]+)*$",
   .says = "a component's name, like main"},
  {.path = "debian.mirror", .kinds = SCHEMA_TEXT | SCHEMA_LIST, .pattern = "^(https?://[^/\\s]+|file:///)\\S*$",
   .says = "a URL that begins with http://, https:// or file:///", .fallback = "the host's own apt configuration",
   .also = "url|uri|archive|mirrors",
   .text = "Where the archive is found. Of several mirrors of it, one that fails is left for the next."},
  {.path = "debian.mirror[]", .kinds = SCHEMA_TEXT, .pattern = "^(https?://[^/\\s]+|file:///)\\S*$",
   .says = "a URL that begins with http://, https:// or file:///"},
  {.path = "debian.snapshot", .kinds = SCHEMA_TEXT, .pattern = "^[0-9]{8}T[0-9]{6}Z$",
   .says = "a time like 20261101T000000Z",
   .text = "Take the archive as it was at this time, from the mirror's snapshot service."},
  {.path = "debian.keyring", .kinds = SCHEMA_TEXT, .fallback = "the Debian archive keyring",
   .also = "signed_by|signed-by|key",
   .text = "The file of OpenPGP keys that the archive must be signed with: absolute, or in the recipe's folder."},
  {.path = "debian.check_valid_until", .kinds = SCHEMA_BOOL, .fallback = "true",
   .text = "Refuse an archive whose Release file has expired."},
  {.path = "debian.variant", .kinds = SCHEMA_TEXT, .values = "none|essential|minbase|standard", .fallback = "none",
   .text = "What is installed unasked: nothing, the essential packages, those and apt, or all of standard priority."},
  {.path = "debian.packages", .kinds = SCHEMA_LIST, .also = "install|package",
   .text = "The packages asked for, each NAME or NAME=VERSION; what they depend on comes along."},
  {.path = "debian.packages[]", .kinds = SCHEMA_TEXT, .pattern = "^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9][A-Za-z0-9.+:~-]*)?$",
   .says = "NAME or NAME=VERSION, without an architecture; names have lower-case letters, digits, '+', '-' and '.'"},
  {.path = "debian.recommends", .kinds = SCHEMA_BOOL, .fallback = "false", .text = "Install recommended packages too."},
  {.path = "debian.scripts", .kinds = SCHEMA_TEXT, .values = "auto|run|skip", .fallback = "auto",
   .text = "Maintainer scripts: auto does natively what is known and runs the rest in a sandbox, run always runs them, skip "
           "does what is known, and lists what it leaves out."},
  {.path = "debian.exclude", .kinds = SCHEMA_LIST,
   .text = "Files of packages that are left out, as absolute globs ('*' matches '/' too)."},
  {.path = "debian.exclude[]", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE,
   .says = "an absolute glob, like /usr/share/doc/*"},
  {.path = "debian.include", .kinds = SCHEMA_LIST, .text = "Files that are kept although 'exclude' names them."},
  {.path = "debian.include[]", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE,
   .says = "an absolute glob, like /usr/share/doc/*/copyright"},

  /* ---- accounts ---- */
  {.path = "users", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "user|accounts", .text = "Users that are added."},
  {.path = "users[]", .kinds = SCHEMA_MAP},
  {.path = "users[].name", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = "^" USER_NAME "$", .says = NAME_SAYS,
   .text = "The user's name."},
  {.path = "users[].uid", .kinds = SCHEMA_INTEGER, .most = ID_MAX,
   .fallback = "the next free system number from 100", .also = "id",
   .text = "The user's number."},
  {.path = "users[].gid", .kinds = SCHEMA_INTEGER, .most = ID_MAX, .fallback = "a group of the user's own name and number",
   .text = "The number of the primary group."},
  {.path = "users[].home", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .fallback = "/nonexistent",
   .text = "The home folder. It is not created."},
  {.path = "users[].shell", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS,
   .fallback = "/usr/sbin/nologin",
   .text = "The login shell."},
  {.path = "users[].gecos", .kinds = SCHEMA_TEXT, .pattern = "^[^:\\n]*$", .says = "one line without ':'",
   .also = "comment|full_name",
   .text = "The user's full name, or what the account is for."},
  {.path = "users[].groups", .kinds = SCHEMA_LIST, .text = "Further groups that the user is a member of."},
  {.path = "users[].groups[]", .kinds = SCHEMA_TEXT, .pattern = "^" USER_NAME "$", .says = NAME_SAYS},
  {.path = "users[].system", .kinds = SCHEMA_BOOL, .fallback = "false", .text = "Whether this is a system account."},
  {.path = "groups", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "group", .text = "Groups that are added."},
  {.path = "groups[]", .kinds = SCHEMA_MAP},
  {.path = "groups[].name", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = "^" USER_NAME "$", .says = NAME_SAYS,
   .text = "The group's name."},
  {.path = "groups[].gid", .kinds = SCHEMA_INTEGER, .most = ID_MAX,
   .fallback = "the next free system number from 100", .also = "id",
   .text = "The group's number."},
  {.path = "groups[].members", .kinds = SCHEMA_LIST, .also = "users", .text = "The users who are members."},
  {.path = "groups[].members[]", .kinds = SCHEMA_TEXT, .pattern = "^" USER_NAME "$", .says = NAME_SAYS},

  /* ---- files ---- */
  {.path = "files", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "file|copy|add",
   .text = "Files and folders that are put into the image. Each has exactly one of 'from', 'content' and 'url'."},
  {.path = "files[]", .kinds = SCHEMA_MAP},
  {.path = "files[].path", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS,
   .also = "to|dest|destination|target", .text = "Where it goes."},
  {.path = "files[].from", .kinds = SCHEMA_TEXT, .also = "source|src",
   .text = "A file or folder beside the recipe or below its folder; of a folder, all that is in it. Beside 'stage', the absolute path "
           "of one in that stage."},
  {.path = "files[].stage", .kinds = SCHEMA_TEXT, .pattern = STAGE, .says = STAGE_SAYS,
   .text = "The stage that it is taken out of. Modes are what they are there where nothing else is said, the owner is root as of all "
           "files; extended attributes do not come along."},
  {.path = "files[].content", .kinds = SCHEMA_TEXT, .flags = SCHEMA_BYTES, .also = "text|data|inline",
   .text = "The file's content, as it stands."},
  {.path = "files[].url", .kinds = SCHEMA_TEXT, .pattern = "^(https?://[^/\\s]+|file:///)\\S*$",
   .says = "a URL that begins with http://, https:// or file:///", .text = "A file to be fetched; 'sha256' tells which."},
  {.path = "files[].sha256", .kinds = SCHEMA_TEXT, .pattern = "^[0-9a-f]{64}$", .says = "64 lower-case hexadecimal digits",
   .also = "checksum|digest|hash", .text = "The SHA-256 of what 'url' gives."},
  {.path = "files[].unpack", .kinds = SCHEMA_BOOL, .fallback = "false", .also = "extract",
   .text = "Take 'from' or 'url' as an archive, and put what it holds below 'path'."},
  {.path = "files[].mode", .kinds = SCHEMA_TEXT, .pattern = MODE, .says = MODE_SAYS,
   .fallback = "\"0755\" for what is executable at its source, else \"0644\"; of a stage, what it is there", .also = "permissions|chmod|file_mode",
   .text = "The permissions of the file, or of every file of a folder."},
  {.path = "files[].folder_mode", .kinds = SCHEMA_TEXT, .pattern = MODE, .says = MODE_SAYS,
   .fallback = "\"0755\"; of a stage, what it is there",
   .also = "directory_mode|dir_mode", .text = "The permissions of every folder of a folder."},
  {.path = "files[].owner", .kinds = SCHEMA_TEXT, .pattern = OWNER_NAME, .says = OWNER_SAYS, .fallback = "root",
   .also = "user|chown",
   .text = "Who owns it."},
  {.path = "files[].group", .kinds = SCHEMA_TEXT, .pattern = OWNER_NAME, .says = OWNER_SAYS, .fallback = "the owner's own",
   .text = "Which group it belongs to."},
  {.path = "links", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "link|symlinks|symlink",
   .text = "Symbolic links that are put into the image."},
  {.path = "links[]", .kinds = SCHEMA_MAP},
  {.path = "links[].path", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS,
   .also = "from|name", .text = "The link."},
  {.path = "links[].to", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = "^[^\\x00-\\x1f\\x7f]+$",
   .says = "the text of a link: not empty, without control characters", .also = "target|dest",
   .text = "What it points to, as it stands: absolute, or relative to the link's folder."},
  {.path = "remove", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "delete|prune",
   .text = "Paths or globs ('*' matches '/' too) that are taken out of the image at the end; a folder goes with all that is in it."},
  {.path = "remove[]", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = "an absolute path or glob in the image"},

  /* ---- commands ---- */
  {.path = "run", .kinds = SCHEMA_LIST, .flags = SCHEMA_STAGE, .also = "steps|commands|script",
   .text = "Commands that are run in the image, one after the other, when all else of the recipe is in it: in a sandbox, as root "
           "of namespaces of their own, without a network unless they ask for it. What they change, extended attributes and access "
           "control lists too, becomes a layer each; /tmp and /run are empty for each, and forgotten. A command that was run before on the same files is not run again."},
  {.path = "run[]", .kinds = SCHEMA_TEXT | SCHEMA_MAP},
  {.path = "run[].name", .kinds = SCHEMA_TEXT, .pattern = "^[^\\x00-\\x1f\\x7f]+$", .says = "one line of text",
   .fallback = "the command itself", .text = "What the step is called."},
  {.path = "run[].command", .kinds = SCHEMA_LIST, .also = "cmd|args|argv|exec",
   .text = "The program and its arguments. A step has either this or 'shell'; an item that is text is the shell's."},
  {.path = "run[].command[]", .kinds = SCHEMA_TEXT},
  {.path = "run[].shell", .kinds = SCHEMA_TEXT, .also = "sh|bash",
   .text = "Lines for /bin/sh -e: the first command that fails ends the step."},
  {.path = "run[].env", .kinds = SCHEMA_MAP, .also = "environment",
   .text = "Environment variables, beside PATH, HOME, LANG, LC_ALL, TZ and SOURCE_DATE_EPOCH, which are always the same."},
  {.path = "run[].env.*", .kinds = SCHEMA_TEXT, .names = "^[^=\\s]+$", .says_names = "text without '=' and white space"},
  {.path = "run[].workdir", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .fallback = "/",
   .also = "working_dir|cwd", .text = "The folder it is run in."},
  {.path = "run[].user", .kinds = SCHEMA_TEXT, .pattern = "^(" USER_NAME "|[0-9]{1,10})$", .says = "a user's name or number",
   .fallback = "root", .text = "Who runs it."},
  {.path = "run[].network", .kinds = SCHEMA_BOOL, .fallback = "false",
   .text = "Whether it has the host's network. What is fetched then is pinned by nothing."},
  {.path = "run[].clock", .kinds = SCHEMA_TEXT, .values = "real|fixed", .fallback = "real", .also = "faketime|now",
   .text = "fixed: its programs see the epoch (SOURCE_DATE_EPOCH) as the time of day, and it stands still, so that what they write of "
           "it is the same in every build. libfaketime tells them, which the image has to hold (package libfaketime); it is "
           "in LD_PRELOAD for this step alone. Sleeping and waiting go on as ever, and files show their true times until "
           "the step is over. Static programs, those that ask the kernel themselves, and bash for its own $EPOCHSECONDS see the "
           "true time; a loop that waits for the time of day to pass does not end."},
  {.path = "run[].timeout", .kinds = SCHEMA_TEXT, .pattern = "^[1-9][0-9]{0,6}[smh]?$", .says = "seconds, or a time like 10m or 2h",
   .fallback = "none", .also = "time|deadline", .text = "How long it may take."},
  {.path = "run[].memory", .kinds = SCHEMA_TEXT, .pattern = "^[1-9][0-9]{0,14}[KMGT]?$", .says = "bytes, or a size like 512M or 2G",
   .fallback = "none", .text = "How much memory it may take. Needs control groups."},
  {.path = "run[].secrets", .kinds = SCHEMA_LIST, .also = "secret",
   .text = "Secrets that it may read, as /run/secrets/NAME. No other step sees them, and they are in memory only."},
  {.path = "run[].secrets[]", .kinds = SCHEMA_TEXT, .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
   .says = "the name of one of the recipe's secrets"},
  {.path = "run[].cache", .kinds = SCHEMA_LIST, .also = "caches",
   .text = "Folders that are kept in the store from one build to the next, in no image and no key: what it left there the last time, "
           "it finds again, or nothing. An item is the path, or a map. Each is the step's alone while it runs; another step that "
           "has the same one, of any build, waits. It belongs to the step's user."},
  {.path = "run[].cache[]", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS},
  {.path = "run[].cache[].path", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS,
   .also = "target|to|at", .text = "Where it is; what the image has there is hidden from the step, and stays as it is."},
  {.path = "run[].cache[].name", .kinds = SCHEMA_TEXT, .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
   .says = "letters, digits, '_', '-' and '.', beginning with none of the latter two", .fallback = "made of the path", .also = "id",
   .text = "What it is called in the store; steps of one name and architecture have the same cache, whatever recipe they stand in."},
  {.path = "run[].bind", .kinds = SCHEMA_LIST, .also = "binds|mount|mounts",
   .text = "Files and folders of the recipe's folder that it may read, and that come into no image. They are root's, with the modes "
           "that 'files' would give them, and their content is an input of the step as the image's is."},
  {.path = "run[].bind[]", .kinds = SCHEMA_MAP},
  {.path = "run[].bind[].path", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS,
   .also = "target|to|at", .text = "Where it is; what the image has there is hidden from the step, and stays as it is."},
  {.path = "run[].bind[].from", .kinds = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, .also = "source|src",
   .text = "The file or folder, from the recipe's folder."},
  {.path = "secrets", .kinds = SCHEMA_MAP, .also = "secret",
   .text = "Secrets for commands, by name. An image in which the bytes of one are found is refused."},
  {.path = "secrets.*", .kinds = SCHEMA_MAP, .names = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
   .says_names = "letters, digits, '_', '-' and '.', beginning with none of the latter two"},
  {.path = "secrets.*.file", .kinds = SCHEMA_TEXT, .also = "from|path",
   .text = "The file that holds it: absolute, or relative to the recipe's folder."},
  {.path = "secrets.*.env", .kinds = SCHEMA_TEXT, .pattern = "^[^=\\s]+$", .says = "the name of a variable", .also = "variable",
   .text = "The environment variable that holds it."},
  {.path = "secrets.*.command", .kinds = SCHEMA_LIST, .text = "The program that prints it, and its arguments."},
  {.path = "secrets.*.command[]", .kinds = SCHEMA_TEXT},

  /* ---- what is only needed on the way ---- */
  {.path = "stages", .kinds = SCHEMA_MAP, .also = "stage|builders",
   .text = "Root filesystems that are made on the way to the image, by name, each of the recipe's own keys 'from', 'debian', 'users', 'groups', "
           "'files', 'links', 'run' and 'remove'. Files with 'stage' are taken out of them, by the image and by other stages; where none "
           "is started from ('from: stage:NAME'), nothing else of them is in it. Stages that do not need each other are made side by side; what was taken out is remembered, so "
           "that a stage of which nothing changed is not looked at again."},
  {.path = "stages.*", .kinds = SCHEMA_MAP, .names = STAGE, .says_names = STAGE_SAYS},

  /* ---- the OCI configuration ---- */
  {.path = "config", .kinds = SCHEMA_MAP, .also = "oci|image", .text = "How containers of the image are started."},
  {.path = "config.entrypoint", .kinds = SCHEMA_LIST, .text = "The program that is run, and its first arguments."},
  {.path = "config.entrypoint[]", .kinds = SCHEMA_TEXT},
  {.path = "config.cmd", .kinds = SCHEMA_LIST, .also = "command|args",
   .text = "The default arguments of the entrypoint, or the program where there is none."},
  {.path = "config.cmd[]", .kinds = SCHEMA_TEXT},
  {.path = "config.env", .kinds = SCHEMA_MAP | SCHEMA_LIST, .also = "environment",
   .text = "Environment variables: a map, or a list of NAME=VALUE where the order matters."},
  {.path = "config.env.*", .kinds = SCHEMA_TEXT, .names = "^[^=\\s]+$", .says_names = "text without '=' and white space"},
  {.path = "config.env[]", .kinds = SCHEMA_TEXT, .pattern = "^[^=\\s]+=", .says = "NAME=VALUE"},
  {.path = "config.user", .kinds = SCHEMA_TEXT, .pattern = "^(" USER_NAME "|[0-9]{1,10})(:(" USER_NAME "|[0-9]{1,10}))?$",
   .says = "USER or USER:GROUP, names or numbers", .fallback = "root", .text = "Who runs the program."},
  {.path = "config.workdir", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .also = "working_dir|cwd",
   .text = "The folder the program starts in."},
  {.path = "config.ports", .kinds = SCHEMA_LIST, .also = "expose|exposed_ports|port",
   .text = "The ports it listens on: NUMBER, NUMBER/tcp or NUMBER/udp."},
  {.path = "config.ports[]", .kinds = SCHEMA_TEXT, .pattern = "^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$",
   .says = "a port like 80, 80/tcp or 53/udp"},
  {.path = "config.volumes", .kinds = SCHEMA_LIST, .also = "volume",
   .text = "Folders whose content outlives the container."},
  {.path = "config.volumes[]", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS},
  {.path = "config.labels", .kinds = SCHEMA_MAP, .also = "label|annotations", .text = "Labels."},
  {.path = "config.labels.*", .kinds = SCHEMA_TEXT, .names = "^[^=\\s]+$", .says_names = "text without '=' and white space"},
  {.path = "config.stop_signal", .kinds = SCHEMA_TEXT, .pattern = "^(SIG[A-Z0-9+-]+|[1-9][0-9]?)$",
   .says = "a signal like SIGTERM, or its number", .text = "The signal that ends the program."},
  {.path = "config.author", .kinds = SCHEMA_TEXT, .also = "maintainer", .text = "Who is responsible for the image."},

  /* ---- what is made of it ---- */
  {.path = "layers", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .values = "single", .fallback = "{by: package, most: 20}",
   .also = "layer",
   .text = "How the image is cut into layers: 'single', or a map."},
  {.path = "layers.by", .kinds = SCHEMA_TEXT, .values = "package", .fallback = "package",
   .text = "What a layer is made of."},
  {.path = "layers.most", .kinds = SCHEMA_INTEGER, .least = 1, .most = 120, .fallback = "20", .also = "max|limit",
   .text = "The number of layers at most."},
  {.path = "outputs", .kinds = SCHEMA_LIST, .fallback = "[{oci: {compression: zstd}}]", .also = "output|formats",
   .text = "What is written; each item is one form of the image."},
  {.path = "outputs[]", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .values = "oci"},
  {.path = "outputs[].oci", .kinds = SCHEMA_MAP, .text = "An OCI image."},
  {.path = "outputs[].oci.compression", .kinds = SCHEMA_TEXT, .values = "zstd|gzip|zstd:chunked", .fallback = "zstd",
   .text = "How its layers are compressed."},
  {.path = "outputs[].oci.layout", .kinds = SCHEMA_BOOL, .fallback = "false",
   .text = "A folder in OCI's layout in place of the tarball."},

  /* ---- what must hold of it ---- */
  {.path = "tests", .kinds = SCHEMA_LIST, .also = "test|checks|verify",
   .text = "What must hold of the finished image, for each architecture: one that does not fails the build, and nothing is "
           "written. An item is a map with exactly one of 'file', 'absent', 'user', 'port', 'size', 'command', and of the "
           "checks of the whole image, 'elf', 'links', 'owned', 'setuid' and 'world_writable', which may also stand as words. "
           "Tests decide no byte of the image."},
  {.path = "tests[]", .kinds = SCHEMA_TEXT | SCHEMA_MAP, .values = "elf|links|owned|setuid|world_writable"},
  {.path = "tests[].name", .kinds = SCHEMA_TEXT, .pattern = "^[^\\x00-\\x1f\\x7f]+$", .says = "one line",
   .also = "description|title", .text = "What the test is called in reports."},
  {.path = "tests[].file", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .also = "path|directory|link",
   .text = "A file, folder or link that must be there. Links are followed, but the last one where 'type: symlink' or 'target' "
           "asks for the link itself."},
  {.path = "tests[].exists", .kinds = SCHEMA_BOOL, .fallback = "true", .text = "Whether the file or user must be there, or must not."},
  {.path = "tests[].type", .kinds = SCHEMA_TEXT, .values = "file|directory|symlink|char|block|fifo",
   .also = "regular=file|folder=directory|dir=directory|link=symlink", .text = "What the file is."},
  {.path = "tests[].mode", .kinds = SCHEMA_TEXT, .pattern = MODE, .says = MODE_SAYS, .also = "permissions",
   .text = "The file's permissions."},
  {.path = "tests[].owner", .kinds = SCHEMA_TEXT, .pattern = OWNER_NAME, .says = OWNER_SAYS,
   .text = "Who owns the file; names are those of the image's /etc/passwd."},
  {.path = "tests[].group", .kinds = SCHEMA_TEXT, .pattern = OWNER_NAME, .says = OWNER_SAYS,
   .text = "Which group the file belongs to."},
  {.path = "tests[].contains", .kinds = SCHEMA_TEXT, .also = "content|text", .text = "Text that must stand in the file."},
  {.path = "tests[].matches", .kinds = SCHEMA_TEXT, .also = "regex|pattern",
   .text = "A regular expression that must be found in the file; ^ and $ match at each line."},
  {.path = "tests[].sha256", .kinds = SCHEMA_TEXT, .pattern = "^[0-9a-f]{64}$", .says = "64 lower-case hexadecimal digits",
   .also = "checksum|digest", .text = "The SHA-256 of the file's content."},
  {.path = "tests[].target", .kinds = SCHEMA_TEXT, .also = "to", .text = "What the symbolic link says, as it stands."},
  {.path = "tests[].size", .kinds = SCHEMA_MAP, .also = "bytes|budget",
   .text = "How large the whole image is, unpacked; beside 'file', how large that file, or a folder with all that is in it."},
  {.path = "tests[].size.least", .kinds = SCHEMA_TEXT, .pattern = SIZE, .says = SIZE_SAYS, .also = "min|minimum",
   .text = "It has at least as many bytes."},
  {.path = "tests[].size.most", .kinds = SCHEMA_TEXT, .pattern = SIZE, .says = SIZE_SAYS, .also = "max|maximum|limit",
   .text = "It has at most as many bytes."},
  {.path = "tests[].absent", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = "an absolute path or glob in the image",
   .also = "missing|not_there", .text = "A path or glob ('*' matches '/' too) that nothing of the image must match."},
  {.path = "tests[].user", .kinds = SCHEMA_TEXT, .pattern = "^" USER_NAME "$", .says = NAME_SAYS,
   .text = "A user that must be in /etc/passwd."},
  {.path = "tests[].uid", .kinds = SCHEMA_INTEGER, .most = ID_MAX, .also = "id", .text = "The user's number."},
  {.path = "tests[].gid", .kinds = SCHEMA_INTEGER, .most = ID_MAX, .text = "The number of the user's primary group."},
  {.path = "tests[].home", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .text = "The user's home folder."},
  {.path = "tests[].shell", .kinds = SCHEMA_TEXT, .pattern = ABSOLUTE, .says = ABSOLUTE_SAYS, .text = "The user's login shell."},
  {.path = "tests[].groups", .kinds = SCHEMA_LIST, .text = "Groups that the user must be a member of, among others."},
  {.path = "tests[].groups[]", .kinds = SCHEMA_TEXT, .pattern = "^" USER_NAME "$", .says = NAME_SAYS},
  {.path = "tests[].port", .kinds = SCHEMA_TEXT, .pattern = "^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$",
   .says = "a port like 80, 80/tcp or 53/udp", .also = "expose", .text = "A port that the image's configuration must expose."},
  WHOLE_TEST("elf", "libraries|ldd",
             "Every shared library that a program or library of the image needs, and every program's interpreter, is found in "
             "the image, as ld.so(8) would: RPATH, RUNPATH, LD_LIBRARY_PATH of the configuration, /etc/ld.so.conf where there is "
             "an /etc/ld.so.cache, and the default folders, for the same class and machine."),
  WHOLE_TEST("links", "symlinks",
             "Every symbolic link leads to something, but those into /dev, /proc, /run and /sys, which a running system fills."),
  WHOLE_TEST("owned", "packaged",
             "Every file belongs to a Debian package, so that scanners see it; what ashlar itself generates needs none, what the "
             "recipe's files and links bring must be excepted."),
  WHOLE_TEST("setuid", "setgid|suid", "No file is setuid or setgid."),
  WHOLE_TEST("world_writable", "world-writable",
             "Nothing may be written by everybody, but folders with the sticky bit, and devices."),
  {.path = "tests[].command", .kinds = SCHEMA_LIST, .also = "run|exec|argv",
   .text = "A program that is run in the image, with its arguments: as the image's configured user, in its environment and folder, "
           "without a network, in a copy of the image that is thrown away, and that all commands share in their order."},
  {.path = "tests[].command[]", .kinds = SCHEMA_TEXT},
  {.path = "tests[].status", .kinds = SCHEMA_INTEGER, .most = 255, .fallback = "0", .also = "exit_status|exit_code|exit",
   .text = "The exit status that the program must end with."},
  EXPECTED_TEXT("stdout", "What the program must print: text that it contains, or a map."),
  EXPECTED_TEXT("stderr", "What the program must print as messages: text that it contains, or a map."),

  /* ---- of later versions ---- */
  {.path = "cache", .flags = SCHEMA_LATER, .text = "Shared caches."},
  {.path = "outputs[].squashfs", .flags = SCHEMA_LATER, .text = "A squashfs root image."},
  {.path = "outputs[].erofs", .flags = SCHEMA_LATER, .text = "An erofs root image."},
  {.path = "outputs[].disk", .flags = SCHEMA_LATER, .text = "A bootable disk."},
  {0},
};
/* clang-format on */

#define OF_STAGE "stages.*."

static const SchemaKey *
find_row(const char *path, gsize length)
{
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++)
    if (strncmp(key->path, path, length) == 0 && key->path[length] == '\0')
      return key;
  return NULL;
}

const SchemaKey *
schema_find(const char *path)
{
  if (!g_str_has_prefix(path, OF_STAGE))
    return find_row(path, strlen(path));
  path += strlen(OF_STAGE);
  const SchemaKey *top = find_row(path, strcspn(path, ".["));
  return top != NULL && (top->flags & SCHEMA_STAGE) ? find_row(path, strlen(path)) : NULL;
}

GPtrArray *
schema_children(const char *path)
{
  GPtrArray *children = g_ptr_array_new();
  gboolean stage = strcmp(path, "stages.*") == 0;
  path = stage ? "" : g_str_has_prefix(path, OF_STAGE) ? path + strlen(OF_STAGE) : path;
  gsize length = strlen(path);
  for (const SchemaKey *key = schema_keys; key->path != NULL; key++) {
    const char *rest = key->path;
    if (length > 0 && (strncmp(rest, path, length) != 0 || rest[length] != '.'))
      continue;
    rest += length > 0 ? length + 1 : 0;
    if (strpbrk(rest, ".[*") == NULL && (!stage || (key->flags & SCHEMA_STAGE)))
      g_ptr_array_add(children, (gpointer)key);
  }
  return children;
}

char *
schema_spoken(const char *path)
{
  GString *spoken = g_string_new(path);
  g_string_replace(spoken, "[]", "", 0);
  g_string_replace(spoken, ".*.", ".NAME.", 0);
  g_string_replace(spoken, ".*", "", 0);
  return g_string_free(spoken, FALSE);
}
