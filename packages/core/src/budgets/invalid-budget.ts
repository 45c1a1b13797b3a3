/** A part of a budget that means nothing. `field` is the path of what is wrong, such as `zone` or `thresholds[1]`. */
export class InvalidBudget extends Error {
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field} ${problem}.`);
    this.name = "InvalidBudget";
    this.field = field;
  }
}
