// A file has one subject. Past 250 lines is a reason to look; past 400 the check fails, for code, tests and types alike.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.ts', '*.mjs', '*.cjs', '*.css'], { encoding: 'utf8' }).split('\n');
const sized = files
  .filter((file) => file !== '' && existsSync(file))
  .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
  .sort((a, b) => b.lines - a.lines);
for (const { file, lines } of sized) if (lines > 250) console.log(`${String(lines).padStart(5)} ${file}`);
const tooLong = sized.filter(({ lines }) => lines > 400);
if (tooLong.length > 0) {
  console.error(`${tooLong.length} file(s) over 400 lines`);
  process.exit(1);
}
