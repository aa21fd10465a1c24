/**
 * The command `losslandscape`, and what it can do.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { kernel } from "./kernel.ts";
import { notebooks } from "./notebooks.ts";

const commands: Record<string, (args: string[]) => Promise<number>> = { kernel, notebooks };

const help = `Looks at the loss landscapes of neural networks.

Usage: losslandscape COMMAND [options]

  kernel      gives Jupyter a TypeScript kernel: install, uninstall, status
  notebooks   runs notebooks without Jupyter, and checks their outputs

  --version   the version
  -h, --help  this text; COMMAND --help says more`;

/** Runs a command; gives back the exit code. */
export async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    console.log(config.version);
    return 0;
  }
  if (Object.hasOwn(commands, name)) return await commands[name](args);
  console.error(`losslandscape: there is no command ${name}; see losslandscape --help`);
  return 2;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
