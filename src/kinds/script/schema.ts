import { z } from 'zod';
import { seconds } from '../seconds.js';

export const scriptSchema = z.object({
  type: z.literal('script'),
  command: z.string().meta({ title: 'Command', widget: 'code' }),
  args: z
    .array(z.string())
    .nullish()
    .meta({ title: 'Arguments', description: 'Positional parameters, never spliced into the shell text' }),
  cwd: z.string().nullish().meta({ title: 'Working directory' }),
  env: z.record(z.string(), z.string()).nullish().meta({ title: 'Environment variables' }),
  timeout_secs: seconds.nullish().meta({ title: 'Timeout', description: "Seconds; default: the step's timeout_secs, else 60" }),
  output_format: z.enum(['text', 'json', 'stream']).nullish().meta({ title: 'Output format' }),
  shell: z.enum(['bash', 'sh', 'zsh']).nullish().meta({ title: 'Shell', default: 'bash' }),
});
