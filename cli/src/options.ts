/** Option types that several verbs share. Each throws a usage error that names the option and what would do. */
import { usage } from './errors.js';

/** A whole number within [min, max]. */
export function integerOption(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max))
      throw usage(`${option}: "${text}" is not usable`, `give a whole number from ${min} to ${max}`);
    return value;
  };
}

/** A number within (0, max]. */
export function positiveOption(option: string, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value > 0 && value <= max))
      throw usage(`${option}: "${text}" is not usable`, `give a number above 0, at most ${max}`);
    return value;
  };
}

/** One of a closed list of words. */
export function choiceOption<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw usage(`${option}: "${text}" is not known`, `give one of ${choices.join(', ')}`);
    return found;
  };
}
