import { trimBlanks } from '../../expr/head.ts';

/** Fields of a block that starts no exchange. */
export class FieldList {
  readonly fields: [string, string][] = [];

  field(name: string, value: string): void {
    if (this.fields.length < 101) this.fields.push([name, trimBlanks(value)]);
  }
}
