/** What of HAProxy's command line matters to who starts it again (management.txt, section 3). */
export interface HaproxyArguments {
  readonly files: readonly string[];
  /** `-C`. */
  readonly folder: string | null;
  readonly masterWorker: boolean;
  readonly daemon: boolean;
  /** Everything but the files, and but what hands over from the processes before (`-sf`, `-st`, `-x`). */
  readonly others: readonly string[];
}

/** Options with one word behind them. */
const WITH_WORD = ['-p', '-L', '-n', '-m', '-N', '-S'];

/** Reads the words behind the program's name. */
export function haproxyArguments(argv: readonly string[]): HaproxyArguments {
  const files: string[] = [];
  const others: string[] = [];
  let folder: string | null = null;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const next = () => argv[++i] ?? '';
    if (word === '--') {
      files.push(...argv.slice(i + 1));
      break;
    }
    if (word === '-f') files.push(next());
    else if (word === '-x') next();
    else if (word === '-sf' || word === '-st') while (/^\d+$/.test(argv[i + 1] ?? '')) i++;
    else {
      others.push(word);
      if (word === '-C') others.push((folder = next()));
      else if (WITH_WORD.includes(word)) others.push(next());
    }
  }
  const masterWorker = others.some((word) => word === '-W' || word === '-Ws');
  return { files, folder, masterWorker, daemon: others.includes('-D'), others };
}
