// `npm run spelling`: finds words that are neither English nor in cspell-words.txt. `-- --words` lists each word once.
// `-- --add` adds them to the file. Read them first: the file is for names, not for typing errors.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { install, root } from './lib/prepare.mjs';

const LIST = path.join(root, 'cspell-words.txt');
const [option] = process.argv.slice(2);

install();
if (option === '--words') console.log(unknownWords().join('\n'));
else if (option === '--add') addWords(unknownWords());
else process.exitCode = check();

function check() {
  const words = readFileSync(LIST, 'utf8').split('\n').filter(Boolean);
  const isSorted = sorted(words).join() === words.join();
  if (!isSorted) {
    console.error('cspell-words.txt is not sorted, or has a word twice. Fix it with: npm run spelling -- --add');
  }
  const cache = ['--cache', '--cache-location', 'node_modules/.cache/cspell'];
  const { status } = cspell(['--no-progress', '--no-summary', '--relative', ...cache], 'inherit');
  return isSorted && status === 0 ? 0 : 1;
}

function unknownWords() {
  const { stdout } = cspell(
    ['--no-progress', '--no-summary', '--words-only', '--unique'],
    ['ignore', 'pipe', 'inherit'],
  );
  return sorted(stdout.split('\n').filter(Boolean));
}

function addWords(words) {
  const known = readFileSync(LIST, 'utf8').split('\n').filter(Boolean);
  writeFileSync(LIST, `${sorted([...known, ...words]).join('\n')}\n`);
  console.log(words.length > 0 ? `added ${words.join(', ')}` : 'no word is missing');
}

/** In lower case, without duplicates, in the order of their code points, which does not depend on the locale. */
function sorted(words) {
  return [...new Set(words.map((word) => word.toLowerCase()))].sort();
}

function cspell(args, stdio) {
  const program = path.join(root, 'node_modules/cspell/bin.mjs');
  return spawnSync(process.execPath, [program, 'lint', ...args, '.'], { cwd: root, stdio, encoding: 'utf8' });
}
