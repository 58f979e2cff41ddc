// The tools of data-pipeline.json: a small pipeline over temperature readings.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { defineTool } from 'distri-workflow/worker';
import { z } from 'zod';

const { fetch } = globalThis;

const record = z.object({ city: z.string(), celsius: z.number() });

const fetchData = defineTool({
  name: 'fetch_data',
  description: 'Fetches a list of records from a URL (http, https or data).',
  input: z.object({ url: z.string(), project_id: z.string() }),
  async execute({ url }, { signal }) {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return { records: await response.json() };
  },
});

const validateData = defineTool({
  name: 'validate_data',
  description: 'Keeps the records that have a city and a temperature, and says what is wrong with the others.',
  input: z.object({ data: z.array(z.record(z.string(), z.unknown())), project_id: z.string() }),
  execute({ data }) {
    const clean_records = [];
    const errors = [];
    for (const [row, { city, celsius }] of data.entries()) {
      if (typeof city !== 'string' || city === '') errors.push(`row ${row}: no city`);
      else if (!Number.isFinite(Number(celsius))) errors.push(`row ${row}: no temperature`);
      else clean_records.push({ city, celsius: Number(celsius) });
    }
    return { clean_records, errors };
  },
});

const transformFormat = defineTool({
  name: 'transform_format',
  description: 'Writes each record as a line of text.',
  input: z.object({ records: z.array(record) }),
  execute: ({ records }) => ({ output: records.map(({ city, celsius }) => ({ city, text: `${city}: ${celsius} °C` })) }),
});

const transformEnrich = defineTool({
  name: 'transform_enrich',
  description: 'Adds the temperature in Fahrenheit.',
  input: z.object({ records: z.array(record) }),
  execute: ({ records }) => ({ output: records.map((row) => ({ ...row, fahrenheit: row.celsius * 1.8 + 32 })) }),
});

const mergeResults = defineTool({
  name: 'merge_results',
  description: 'Joins the two lists by city.',
  input: z.object({ formatted: z.array(z.looseObject({ city: z.string() })), enriched: z.array(z.looseObject({ city: z.string() })) }),
  execute({ formatted, enriched }) {
    const byCity = new Map(formatted.map((row) => [row.city, row]));
    return { output: enriched.map((row) => ({ ...byCity.get(row.city), ...row })) };
  },
});

const publishData = defineTool({
  name: 'publish_data',
  description: 'Writes the result to published/<project_id>.json under PUBLISH_FOLDER, or to nowhere without it.',
  input: z.object({ merged: z.array(z.unknown()), project_id: z.string(), reviewer_notes: z.string().optional() }),
  async execute({ merged, project_id, reviewer_notes }) {
    const folder = process.env.PUBLISH_FOLDER;
    if (folder !== undefined) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${encodeURIComponent(project_id)}.json`), JSON.stringify(merged, null, 2));
    }
    return { project_id, published: merged.length, notes: reviewer_notes ?? null };
  },
});

export default [fetchData, validateData, transformFormat, transformEnrich, mergeResults, publishData];
