import { readFile } from 'node:fs/promises';
import { CLIENTS, type ClientName } from '../catalogue.ts';
import { CAPABILITIES, CAPABILITY_ORDER, type Findings } from './capabilities.ts';

/** docs/clients.md: what each client was seen to do. */
export const CLIENTS_PAGE = new URL('../../../docs/clients.md', import.meta.url);

/** What ran of one client, all of it well. */
export interface ClientReport {
  readonly name: ClientName;
  readonly version: string;
  /** Where it comes from, in words. */
  readonly source: string;
  /** What one has to know besides. */
  readonly note?: string;
  readonly findings: Findings;
}

/** The part of the page that is about one client, line by line: its row in the table first, then its section. */
export interface ReportOnPage {
  readonly version: string;
  readonly lines: readonly string[];
}

export async function readPage(): Promise<string> {
  return readFile(CLIENTS_PAGE, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/** What the page says of the client now; undefined if nothing. */
export function reportIn(page: string, name: ClientName): ReportOnPage | undefined {
  const lines = page.split('\n');
  const row = lines.find((line) => line.startsWith(`| [${name}](`));
  const start = lines.indexOf(`## ${name}`);
  if (row === undefined || start < 0) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('## '));
  const section = lines.slice(start, length < 0 ? undefined : start + 1 + length);
  while (section.at(-1) === '') section.pop();
  return { version: row.split('|')[2]?.trim() ?? '', lines: [row, ...section] };
}

export function renderReport({ name, version, source, note, findings }: ClientReport): string[] {
  const cells = CAPABILITY_ORDER.map((capability) => ('lacks' in findings[capability] ? '–' : 'yes'));
  const rows = CAPABILITY_ORDER.map((capability) => {
    const finding = findings[capability];
    const how = 'lacks' in finding ? `– ${finding.lacks}` : finding.commands.map(asCode).join('<br>');
    return `| ${CAPABILITIES[capability]} | ${how} |`;
  });
  return [
    `| [${name}](#${anchorOf(name)}) | ${[version, ...cells].join(' | ')} |`,
    `## ${name}`,
    '',
    [`${version}, ${source}.`, note].filter(Boolean).join(' '),
    '',
    '| | |',
    '|---|---|',
    ...rows,
  ];
}

/** The page after a run: of clients that ran, what was seen now; of the others, what it said before. */
export function renderPage(before: string, reports: readonly ClientReport[]): string {
  const ran = new Map(reports.map((report) => [report.name, renderReport(report)]));
  const names = Object.keys(CLIENTS) as ClientName[];
  const parts = names
    .flatMap((name) => [ran.get(name) ?? reportIn(before, name)?.lines ?? []])
    .filter(({ length }) => length > 0);
  const titles = CAPABILITY_ORDER.map((capability) => CAPABILITIES[capability]);
  return [
    '# Clients',
    '',
    'Programs that people have, tried with Berth as they are; nothing of ours stands between. What is here ran, and was looked at from',
    "both sides: what the client printed and stored, and what ECR's API says of the registry afterwards. –: the client has no such",
    'thing, and why.',
    '',
    'Written by `npm run clients`; `npm run clients:install` brings what it can of them. The tests fail when a client does anything',
    'else than its section says; a client that is not there is skipped, and the run says so.',
    '',
    `| | Version | ${titles.join(' | ')} |`,
    `|---|---|${titles.map(() => '---|').join('')}`,
    ...parts.map(([row]) => row ?? ''),
    ...parts.flatMap(([, ...section]) => ['', ...section]),
    '',
  ].join('\n');
}

function asCode(command: string): string {
  return `\`${command.replaceAll('|', '\\|')}\``;
}

/** As Markdown renderers make it of a heading. */
function anchorOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
