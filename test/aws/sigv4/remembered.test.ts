import { describe, expect, test } from 'vitest';
import { Remembered } from '../../../src/aws/sigv4/remembered.ts';

describe('Remembered', () => {
  const counting = () => {
    const made: string[] = [];
    return { made, make: (text: string) => ({ text, number: made.push(text) }) };
  };

  test('makes once what is asked for again', () => {
    const { made, make } = counting();
    const remembered = new Remembered<object>(2);
    expect(remembered.get('a', make)).toBe(remembered.get('a', make));
    expect(remembered.get('b', make)).toEqual({ text: 'b', number: 2 });
    expect(made).toEqual(['a', 'b']);
  });

  test('lets the oldest go, and never has more than it may', () => {
    const { made, make } = counting();
    const remembered = new Remembered<object>(2);
    for (const text of ['a', 'b', 'c', 'b', 'c', 'a', 'c', 'b']) remembered.get(text, make);
    expect(made).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  test('asks again after a refusal, and after undefined', () => {
    const answers = [() => undefined, () => 0, () => 1];
    const remembered = new Remembered<number | undefined>(2);
    const refuse = () => {
      throw new Error('no');
    };
    expect(() => remembered.get('a', refuse)).toThrow('no');
    expect(() => remembered.get('a', refuse)).toThrow('no');
    expect(answers.map((answer) => remembered.get('a', answer))).toEqual([undefined, 0, 0]);
  });
});
