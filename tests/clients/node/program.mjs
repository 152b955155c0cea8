// Does what each line of standard input asks for, and answers with a line: the tests' half is
// tests/clients/program.py.
import { createInterface } from "node:readline";

async function answer({ module, name, argument }) {
  try {
    const functions = await import(`./${module}.mjs`);
    return { result: (await functions[name](argument)) ?? null };
  } catch (error) {
    return { error: { name: error.name, code: error.code ?? null, message: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
