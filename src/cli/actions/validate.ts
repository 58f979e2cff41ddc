import type { ValidateFlags } from '../commands/validate.js';
import type { Context } from '../context.js';
import { checkDocument, sayProblems } from '../document.js';
import { EXIT } from '../errors.js';
import { lookupIn, workflowsFolder } from '../workflows-folder.js';

/** Checks the documents; with `--json` one answer for one file, a list for several. */
export async function validate(context: Context, files: readonly string[], { workflows }: ValidateFlags): Promise<number> {
  const { terminal } = context;
  const folder = workflowsFolder(context, workflows);
  const options = folder === undefined ? {} : { workflows: await lookupIn(folder) };
  const answers = [];
  for (const file of files) answers.push({ file, ...(await checkDocument(file, options)) });
  const valid = answers.every((answer) => answer.valid);
  if (terminal.json) {
    const [first] = answers;
    const one = files.length === 1 && first !== undefined;
    terminal.print(JSON.stringify(one ? { valid: first.valid, problems: first.problems } : answers));
  } else {
    for (const { file, problems, valid: fine } of answers) {
      sayProblems(terminal, file, problems);
      if (fine) terminal.print(`${file}: ${terminal.printColor.green('valid')}`);
    }
  }
  return valid ? EXIT.completed : EXIT.refused;
}
