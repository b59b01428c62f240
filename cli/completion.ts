import type { Command } from "commander";
import { Ended, EXIT } from "./exits.ts";
import { write } from "./output.ts";

/** Prints what makes a shell complete our commands and options. */
export function completion(program: Command): void {
  program.command("completion").description("print what makes a shell complete these commands")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText(
      "after",
      '\nExamples:\n  bash: eval "$(holdfast completion bash)" in ~/.bashrc\n' +
        '  zsh:  eval "$(holdfast completion zsh)" in ~/.zshrc\n' +
        "  fish: holdfast completion fish > ~/.config/fish/completions/holdfast.fish",
    )
    .action((shell: string) => {
      if (shell === "fish") return write(forFish(program));
      if (shell === "zsh") return write(`autoload -U +X bashcompinit && bashcompinit\n${forBash(program)}`);
      if (shell === "bash") return write(forBash(program));
      throw new Ended(EXIT.usage, `There is no completion for ${shell}: bash, zsh or fish`);
    });
}

interface Place {
  /** The commands that lead here, from the program on. */
  path: string[];
  next: readonly Command[];
  options: string[];
}

function places(command: Command, path: string[] = []): Place[] {
  const here = {
    path,
    next: command.commands,
    options: command.options.flatMap(({ long }) => long ? [long] : []),
  };
  return [here, ...command.commands.flatMap((one) => places(one, [...path, one.name()]))];
}

function forBash(program: Command): string {
  const everywhere = program.options.flatMap(({ long }) => long ? [long] : []);
  const cases = places(program).map(({ path, next, options }) => {
    const words = [...next.map((one) => one.name()), ...new Set([...options, ...everywhere, "--help"])];
    return `    "${path.join(" ")}") words="${words.join(" ")}" ;;`;
  });
  const known = places(program).map(({ path }) => `"${path.join(" ")}"`).join("|");
  return `_holdfast() {
  local path="" words="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "\${path:+$path }$word" in ${known}) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _holdfast holdfast
`;
}

function forFish(program: Command): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = places(program).flatMap(({ path, next }) => {
    const inside = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = next.map((one) => one.name()).join(" ");
    const outside = names ? [`not __fish_seen_subcommand_from ${names}`] : [];
    const where = [...inside, ...outside].join("; and ") || "true";
    return next.map((one) =>
      `complete -c holdfast -f -n ${quote(where)} -a ${quote(one.name())} -d ${quote(one.description())}`
    );
  });
  const options = places(program).flatMap(({ path }) => {
    const command = path.reduce<Command>(
      (one, name) => one.commands.find((c) => c.name() === name)!,
      program,
    );
    const where = path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ") || "true";
    return command.options.flatMap(({ long, description }) =>
      long ? [`complete -c holdfast -n ${quote(where)} -l ${long.slice(2)} -d ${quote(description)}`] : []
    );
  });
  return `${[...lines, ...options].join("\n")}\n`;
}
