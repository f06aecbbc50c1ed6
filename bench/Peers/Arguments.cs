using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Peers.Scenarios;

namespace Peers;

/// <summary>What the command line asks for: the options, or none and the exit code when there is nothing to run.</summary>
internal readonly record struct Arguments(PeersOptions? Options, int ExitCode)
{
    private const int FewestRounds = 5;
    private const int QuickRounds = 3;
    private const int WarmUps = 3;
    private const int QuickWarmUps = 2;

    public static Arguments Read(string[] args)
    {
        var scenarios = new Argument<string[]>("scenario")
        {
            Description = $"what to measure (default: everything): {string.Join(", ", AllScenarios.Names)}",
            Arity = ArgumentArity.ZeroOrMore,
            CustomParser = ReadScenarios,
        };
        var rounds = Number("--rounds", FewestRounds, 100, "rounds in which every contender runs once (default 5)");
        var seconds = Number("--seconds", 1, 60, "length of a run in seconds (default 3, or 1 with --quick)");
        var quick = new Option<bool>("--quick") { Description = $"{QuickRounds} short rounds, for a developer's loop: too few for a figure to quote" };
        var install = new Option<bool>("--install") { Description = "first install missing programs with apt-get" };
        var writeDocs = new Option<bool>("--write-docs") { Description = "rewrite the generated part of docs/performance.md with this run" };
        var command = new RootCommand("Measures the balancer beside HAProxy, nginx and bare YARP, on this machine in the same minutes.")
        {
            scenarios, rounds, seconds, quick, install, writeDocs,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(quick) && result.GetResult(rounds) is not null)
            {
                result.AddError($"--quick has {QuickRounds} rounds; it is not allowed together with --rounds.");
            }

            if (result.GetValue(quick) && result.GetValue(writeDocs))
            {
                result.AddError($"--quick has {QuickRounds} rounds and --write-docs needs at least {FewestRounds}; they are not allowed together.");
            }
        });

        var result = command.Parse(args);
        if (result.Errors.Count > 0)
        {
            Console.Error.WriteLine(result.Errors[0].Message);
            return new(null, 1);
        }

        // Help and version are actions of their own; a plain run has none.
        if (result.Action is not null)
        {
            return new(null, result.Invoke());
        }

        var isQuick = result.GetValue(quick);
        return new(
            new(
                result.GetValue(scenarios) ?? [],
                isQuick ? QuickRounds : result.GetValue(rounds) ?? FewestRounds,
                result.GetValue(seconds) ?? (isQuick ? 1 : 3),
                isQuick ? QuickWarmUps : WarmUps,
                result.GetValue(install),
                result.GetValue(writeDocs),
                string.Join(' ', ["dotnet run -c Release --project bench/Peers --", .. args])),
            0);
    }

    private static string[] ReadScenarios(ArgumentResult result)
    {
        var names = result.Tokens.Select(token => token.Value).ToArray();
        if (names.FirstOrDefault(name => !AllScenarios.Names.Contains(name)) is { } unknown)
        {
            // The parser takes an option that it does not know for an argument.
            result.AddError(unknown.StartsWith('-')
                ? $"'{unknown}' is not an option; --help lists them."
                : $"'{unknown}' is not a scenario; known are {string.Join(", ", AllScenarios.Names)}.");
        }

        return names;
    }

    private static Option<int?> Number(string name, int lowest, int highest, string description) => new(name)
    {
        Description = description,
        HelpName = $"{lowest}-{highest}",
        CustomParser = result => ReadNumber(name, lowest, highest, result),
    };

    private static int? ReadNumber(string name, int lowest, int highest, ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < lowest || number > highest)
        {
            result.AddError($"{name} is '{text}'; it must be a whole number from {lowest} to {highest}.");
        }

        return number;
    }
}
