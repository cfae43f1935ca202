/** A filter of DescribeInstances: `tag:Environment`, `tag-key`, `vpc-id`, ... */
export interface AwsFilter {
  readonly key: string;
  readonly value: string;
}

/** A region of EC2 that services are taken from. */
export interface AwsSettings {
  /** Stands in the names of backends. */
  readonly name: string;
  readonly region: string;
  /** '' where they come from the environment, or from the role of the machine. */
  readonly keyId: string;
  readonly secret: string;
  readonly addresses: 'private' | 'public';
  /** Instances must match all of these, and none that matches all of those is taken. */
  readonly allow: readonly AwsFilter[];
  readonly deny: readonly AwsFilter[];
}
