/** What encrypted tokens (JWE) may name: algorithms for keys, and those for contents (RFC 7518, sections 4.1 and 5.1). */

/** Algorithms of keys, in the order of the registry. */
export const TOKEN_ALGORITHMS = [
  'RSA1_5',
  'RSA-OAEP',
  'RSA-OAEP-256',
  'A128KW',
  'A192KW',
  'A256KW',
  'dir',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A192KW',
  'ECDH-ES+A256KW',
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

/** What tokens may be read with (`jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`), and whether they may go unsigned (`jwt.allow_none_alg`). */
export interface TokenRules {
  readonly algorithms: readonly TokenAlgorithm[];
  readonly encryptions: readonly TokenEncryption[];
  readonly unsigned: boolean;
}

/** What holds when the file says nothing: all but RSA1_5 and tokens without a signature (RFC 8725, section 3.2). */
export const DEFAULT_TOKEN_RULES: TokenRules = {
  algorithms: TOKEN_ALGORITHMS.filter((name) => name !== 'RSA1_5'),
  encryptions: TOKEN_ENCRYPTIONS,
  unsigned: false,
};
