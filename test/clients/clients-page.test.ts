import { expect, it } from 'vitest';
import type { Findings } from './support/capabilities.ts';
import { type ClientReport, renderPage, renderReport, reportIn } from './support/clients-page.ts';

const findings: Findings = {
  login: { commands: ['crane auth login'] },
  push: { commands: ['crane push image a | b', 'crane digest'] },
  list: { commands: ['crane ls'] },
  pull: { commands: ['crane pull'] },
  mount: { commands: ['crane copy'] },
  referrers: { lacks: 'it has none.' },
  deleteTag: { commands: ['crane delete'] },
  deleteImage: { commands: ['crane delete'] },
};
const crane: ClientReport = { name: 'crane', version: '0.1.0', source: 'from somewhere', findings };
const skopeo: ClientReport = { ...crane, name: 'skopeo', note: 'One has to know this.' };

it('says of each client what can be read back', () => {
  const page = renderPage('', [skopeo, crane]);
  expect(reportIn(page, 'skopeo')).toEqual({ version: '0.1.0', lines: renderReport(skopeo) });
  expect(reportIn(page, 'crane')).toEqual({ version: '0.1.0', lines: renderReport(crane) });
  expect(reportIn(page, 'helm')).toBeUndefined();
  expect(page).toContain('| Push | `crane push image a \\| b`<br>`crane digest` |');
  expect(page).toContain('| Referrers | – it has none. |');
});

it('keeps what it said of clients that did not run, in the order of the catalogue', () => {
  const both = renderPage('', [skopeo, crane]);
  expect(renderPage(both, [])).toBe(both);
  expect(renderPage(renderPage('', [crane]), [skopeo])).toBe(both);
});

it('says something else when a client does something else', () => {
  const without: ClientReport = { ...crane, findings: { ...findings, list: { lacks: 'it lost that.' } } };
  const page = renderPage(renderPage('', [skopeo, crane]), [without]);
  expect(reportIn(page, 'crane')?.lines).toEqual(renderReport(without));
  expect(reportIn(page, 'crane')?.lines).not.toEqual(renderReport(crane));
  expect(reportIn(page, 'skopeo')?.lines).toEqual(renderReport(skopeo));
});
