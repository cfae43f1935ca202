/** Addresses as a configuration has them. */

/** A network address as written in the configuration, parsed (HAProxy manual, section 11.1). */
export type Address =
  | {
      readonly family: 'inet';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
    }
  | {
      readonly family: 'inet6';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
    }
  /** A host name to be resolved (`init-addr`, `resolvers`). `prefer` is the family asked for by `ipv4@`/`ipv6@`. */
  | {
      readonly family: 'name';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
      readonly prefer: 0 | 4 | 6;
    }
  | { readonly family: 'unix'; readonly path: string }
  /** `abns@`: padded with zeros to the whole sun_path; with `short` (`abnsz@`) the name alone. */
  | { readonly family: 'abns'; readonly path: string; readonly short?: true }
  | { readonly family: 'fd'; readonly fd: number }
  /** `ring@name`: the log ring of that name. */
  | { readonly family: 'ring'; readonly name: string };
