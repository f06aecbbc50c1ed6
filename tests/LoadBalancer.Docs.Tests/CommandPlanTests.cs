using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>A new command in the docs is run by a test, or says why not.</summary>
public sealed class CommandPlanTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_command_is_run_by_one_test_or_left_for_a_reason()
    {
        var plan = Commands.All.Select(command => (Command: command, Fates: CommandPlan.Of(command).ToArray())).ToArray();
        foreach (var (command, fates) in plan)
        {
            output.WriteLine($"{command} -> {string.Join("; ", fates)}");
        }

        Assert.NotEmpty(plan);
        Assert.Empty(plan.Where(entry => entry.Fates.Length != 1).Select(entry => entry.Fates.Length == 0
            ? $"{entry.Command} is run by no test, and {nameof(CommandPlan)} has no reason for that"
            : $"{entry.Command} has more than one entry: {string.Join("; ", entry.Fates)}"));
    }

    [Fact]
    public void Every_entry_is_of_a_command_that_is_there() => Assert.All(
        CommandPlan.RunElsewhere.Concat(CommandPlan.Left),
        entry => Assert.Contains(Commands.All, command => CommandPlan.Matches(entry.Commands, command)));

    [Theory]
    [MemberData(nameof(TestsElsewhere))]
    public void A_test_that_is_named_is_there(string test)
    {
        var (end, start) = (test.LastIndexOf('.'), test[..test.LastIndexOf('.')].LastIndexOf('.'));
        var file = Assert.Single(Directory.EnumerateFiles(Repository.PathOf($"tests/{test[..start]}"), $"{test[(start + 1)..end]}.cs", SearchOption.AllDirectories));
        Assert.Matches($@"\[(Fact|Theory)\][^;{{}}]*\b{Regex.Escape(test[(end + 1)..])}\(", File.ReadAllText(file));
    }

    public static TheoryData<string> TestsElsewhere() => [.. CommandPlan.RunElsewhere.Select(entry => entry.Test).Distinct()];
}
