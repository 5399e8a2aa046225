import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { FAULT_MESSAGES } from '../../src/model/fault-messages.ts';
import { OCI_ERRORS, refuse, serverError } from '../../src/oci/faults.ts';

test('every fault but a full disk has a status that blames the caller, and each has a code of capital letters', () => {
  const entries = Object.entries(OCI_ERRORS);
  expect(entries.map(([code]) => code).sort()).toEqual(Object.keys(FAULT_MESSAGES).sort());
  for (const [fault, { status, code }] of entries) {
    expect(status, fault).toBeGreaterThanOrEqual(400);
    if (fault === 'StorageFull') expect(status).toBe(507);
    else expect(status, fault).toBeLessThan(500);
    expect(code, fault).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
  }
});

test('a refusal is one error in the envelope, with a line break at the end', () => {
  const answer = refuse(new Fault('InvalidName', { name: 'a"\r\nb\u2028' }), { Allow: 'GET' });
  expect(answer.status).toBe(400);
  expect(answer.headers).toEqual({ Allow: 'GET', 'Content-Type': 'application/json; charset=utf-8' });
  expect(String(answer.body)).toBe(
    '{"errors":[{"code":"NAME_INVALID","message":"The repository name \'a\\"\\r\\nb\u2028\' is not valid"}]}\n',
  );
});

test('an error of ours says no more than where to look', () => {
  const answer = serverError('4711');
  expect(answer.status).toBe(500);
  expect(String(answer.body)).toBe(
    '{"errors":[{"code":"UNKNOWN","message":"The server failed to answer the request 4711"}]}\n',
  );
});
