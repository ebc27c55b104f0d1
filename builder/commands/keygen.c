/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "rootfs/outfile.h"
#include "signing/error.h"
#include "signing/key.h"
#include "signing/passphrase.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  char *type;
  gboolean encrypt;
  char *passphrase_fd;
} Options;

static const CommandOption options_table[] = {
  {"type", 't', OPTION_STRING, G_STRUCT_OFFSET(Options, type), "TYPE", "ed25519 (default), ecdsa (P-256) or rsa (3072 bits)",
   "ed25519|ecdsa|rsa",
   "Signatures of Ed25519 are the same every time, so that a signed image is as reproducible as one that is not."},
  {"encrypt", 0, OPTION_FLAG, G_STRUCT_OFFSET(Options, encrypt), NULL, "seal the private key with a passphrase"},
  {"passphrase-fd", 0, OPTION_STRING, G_STRUCT_OFFSET(Options, passphrase_fd), "N", "read the passphrase from descriptor N"},
  {NULL, 0, 0, 0, NULL, NULL},
};

static gboolean
ask_new_passphrase(const CommandContext *context, const Options *options, const char *path, Secret *out, GError **error)
{
  PassphraseSource source = {.fd = -1, .cancellable = context->cancellable, .confirm = TRUE};
  if (options->passphrase_fd != NULL && !passphrase_parse_fd(options->passphrase_fd, &source.fd, error))
    return FALSE;
  if (!passphrase_ask(path, &source, out, error))
    return FALSE;
  if (out->size > 0)
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "an empty passphrase seals nothing");
  return FALSE;
}

/* The public half first: when the private one is there, both are. */
static gboolean
write_pair(const Key *key, const Secret *passphrase, const char *path, const char *public_path, GError **error)
{
  g_auto(Secret) private_pem = {0};
  g_autofree char *public_pem = key_public_pem(key);
  if (!key_private_pem(key, passphrase, &private_pem, error))
    return FALSE;
  if (!outfile_put(public_path, public_pem, strlen(public_pem), 0644, OUTFILE_EXCLUSIVE, error))
    return FALSE;
  if (outfile_put(path, private_pem.data, private_pem.size, 0600, OUTFILE_EXCLUSIVE, error))
    return TRUE;
  remove(public_path);
  return FALSE;
}

static gboolean
check_free(const char *path, const char *hint, GError **error)
{
  struct stat status;
  if (lstat(path, &status) != 0)
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'%s' is there: a key is never overwritten%s", path, hint);
  return FALSE;
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const Options *options = data;
  const char *path = arguments[0];
  g_autofree char *public_path = g_strconcat(path, ".pub", NULL);
  g_auto(Secret) passphrase = {0};
  gboolean sealed = options->encrypt || options->passphrase_fd != NULL;
  KeyType type = KEY_ED25519;
  if (options->type != NULL && !key_type_parse(options->type, &type)) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "unknown type of key '%s'\nhint: ed25519, ecdsa or rsa",
                options->type);
    return 2;
  }
  if (!check_free(path, "", error) ||
      !check_free(public_path, "\nhint: its private key is not: remove it if an earlier 'keygen' was interrupted", error) ||
      (sealed && !ask_new_passphrase(context, options, path, &passphrase, error)))
    return 1;
  g_autoptr(Key) key = key_generate(type, error);
  if (key == NULL || !write_pair(key, sealed ? &passphrase : NULL, path, public_path, error))
    return 1;
  char text[DIGEST_STRING_SIZE];
  printf("private key  %s\npublic key   %s\nfingerprint  %s\n", path, public_path,
         digest_to_string(key_fingerprint(key), text));
  return 0;
}

static const CommandExample examples[] = {
  {"A key that is sealed with a passphrase asked for at the terminal:", "ashlar keygen release.key --encrypt"},
  {NULL},
};

const Command command_keygen = {
  .name = "keygen",
  .summary = "make a pair of keys for signing images",
  .arguments = "FILE",
  .description = "Writes the private key to FILE (mode 0600) and the public key to FILE.pub, both PEM as OpenSSL\n"
                 "and cosign read them; files that are there are never overwritten. With --encrypt the passphrase\n"
                 "comes from --passphrase-fd, $" PASSPHRASE_VARIABLE " or the terminal, in this order.",
  .examples = examples,
  .see_also = "sign|verify",
  .min_arguments = 1,
  .max_arguments = 1,
  .options = options_table,
  .options_size = sizeof(Options),
  .run = run,
};
