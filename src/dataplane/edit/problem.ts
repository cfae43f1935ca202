/** Why a configuration cannot be read or edited as asked. */
export interface Refusal {
  readonly refused: 'missing' | 'exists' | 'invalid' | 'conflict';
  /** The reason first, then the subject. */
  readonly text: string;
  /** JSON pointer of the field at fault, without its first slash; '' when none is. */
  readonly field: string;
}

export function refusal(refused: Refusal['refused'], text: string, field = ''): Refusal {
  return { refused, text, field };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
