/** A comment behind a statement is the `metadata` of what the statement stands for: an object as JSON, or any text as `comment`. */

type Metadata = Readonly<Record<string, unknown>>;

/** What a comment says, with its `#` and the blanks before it; undefined for none. */
export function metadataOf(comment: string): Metadata | undefined {
  const text = comment.replace(/^\s*#+\s*/, '').trim();
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Metadata;
  } catch {
    // A text like most.
  }
  return { comment: text };
}

/** The comment for metadata, with a blank before its `#`. */
export function commentOf(metadata: Metadata): string {
  const { comment, ...others } = metadata;
  if (typeof comment === 'string' && Object.keys(others).length === 0 && !/[\r\n]/.test(comment))
    return ` # ${comment}`;
  return ` # ${JSON.stringify(metadata)}`;
}
