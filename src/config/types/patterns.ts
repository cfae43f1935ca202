/** What ACLs and maps look up. */

/** A list of patterns that ACLs or maps look up, and that can be edited live: a file of patterns, or those that stand in an ACL. */
export interface PatternReferenceConfig {
  /** The name by which all threads know it. */
  readonly key: string;
  /** Number in `show acl` and `show map`. */
  readonly id: number;
  /** The file as the configuration names it; '' for what stands in an ACL. */
  readonly name: string;
  /** What `show acl` and `show map` tell of it. */
  readonly description: string;
  readonly acl: boolean;
  readonly map: boolean;
  /** Its lines are a key and a value. */
  readonly keyed: boolean;
  /** How it is looked up. `values`: what values must be. */
  readonly uses: readonly {
    readonly match: string;
    readonly ignoreCase: boolean;
    readonly values: 'str' | 'sint' | 'addr' | null;
  }[];
  /** What host names among its addresses stand for, found when the configuration was read. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** Content of the file, null where it need not be there; or the patterns of the ACL. */
  readonly source: Uint8Array | readonly string[] | null;
}
