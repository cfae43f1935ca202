/** Parameters of query strings and forms (HAProxy manual, "url_param"). */

/** Walks over the `name=value` pairs of a list; `&` and `;` part them, as does one more char. Pairs without `=` are passed over. */
export class ParamCursor {
  value = '';
  #at = 0;

  reset(start: number): void {
    this.#at = start;
  }

  /** Moves to the next pair called `name` ('' = any); false at the end. */
  next(text: string, name: string, delimiter: string, ignoreCase: boolean): boolean {
    while (this.#at < text.length) {
      const start = this.#at;
      let end = start;
      let equals = -1;
      for (; end < text.length; end++) {
        const char = text[end]!;
        if (char === '&' || char === ';' || char === delimiter) break;
        if (char === '=' && equals === -1) equals = end;
      }
      this.#at = end + 1;
      if (equals === -1) continue;
      if (name !== '') {
        if (equals - start !== name.length) continue;
        const found = text.slice(start, equals);
        if (found !== name && !(ignoreCase && found.toLowerCase() === name.toLowerCase())) continue;
      }
      this.value = text.slice(equals + 1, end);
      return true;
    }
    return false;
  }
}
