/** Sections without a meaning here. */

/** Sections that are recognised, so that their lines are told from mistakes, and what to do instead. */
export interface RecognisedSection {
  readonly name: string;
  readonly why: string;
  /** Whether the section alone is refused, or harmless as long as nothing refers to it. */
  readonly status: 'noticed' | 'refused';
  readonly keywords: readonly string[];
}

export const RECOGNISED_SECTIONS: readonly RecognisedSection[] = [
  {
    name: 'program',
    status: 'refused',
    why: "Start the program with the machine's service manager.",
    keywords: ['command', 'option', 'user', 'group'],
  },
  {
    name: 'fcgi-app',
    status: 'refused',
    why: 'Put a web server that speaks FastCGI in front of the application.',
    keywords: ['acl', 'docroot', 'index', 'log-stderr', 'pass-header', 'path-info', 'option', 'set-param'],
  },
  { name: 'traces', status: 'noticed', why: 'traces are switched on over the Runtime API.', keywords: ['trace'] },
];
