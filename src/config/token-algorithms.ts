/** What encrypted tokens (JWE) may name: algorithms for keys, and those for contents (RFC 7518, sections 4.1 and 5.1). */

/** Algorithms of keys, in the order of the registry. */
export const TOKEN_ALGORITHMS = [
  'RSA-OAEP',
  'RSA-OAEP-256',
  'RSA-OAEP-384',
  'RSA-OAEP-512',
  'A128KW',
  'A192KW',
  'A256KW',
  'dir',
  'A128GCMKW',
  'A192GCMKW',
  'A256GCMKW',
] as const;

/** Algorithms of contents. */
export const TOKEN_ENCRYPTIONS = [
  'A128CBC-HS256',
  'A192CBC-HS384',
  'A256CBC-HS512',
  'A128GCM',
  'A192GCM',
  'A256GCM',
] as const;

export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];
export type TokenEncryption = (typeof TOKEN_ENCRYPTIONS)[number];

/** What may be decrypted with (`jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`). */
export interface TokenLists {
  readonly algorithms: readonly TokenAlgorithm[];
  readonly encryptions: readonly TokenEncryption[];
}
