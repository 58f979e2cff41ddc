/** An interpreter whose every workflow task fails. */
export async function distriWorkflow(): Promise<never> {
  throw new TypeError('the interpreter broke');
}
