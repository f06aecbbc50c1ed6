using System.IO.Enumeration;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>
/// What becomes of every command of README and docs: a test of this project runs it, a test of another project does, or
/// it is left, for a reason. A <c>*</c> stands for anything.
/// </summary>
internal static class CommandPlan
{
    /// <summary>
    /// Project, class and method of a test that does what the command does. Some of them not by the same words: the tour is
    /// started without the script, Aspire's steps without its command line tool, the package is added by its reference.
    /// </summary>
    public static IReadOnlyList<(string Commands, string Test)> RunElsewhere { get; } =
    [
        ("./run.sh", "LoadBalancer.EndToEnd.Tests.ReadmeTests.A_command_of_the_readme_is_answered_by_whom_it_says"),
        ("./run.sh --tour", "LoadBalancer.EndToEnd.Tests.TourTests.Every_claim_of_the_tour_holds"),
        ("./run.sh --tour canary kill", "LoadBalancer.EndToEnd.Tests.TourTests.Steps_run_in_the_order_in_which_they_are_named_and_a_killed_replica_is_there_again_for_the_next"),
        .. new[] { "kept-alive-l4 kept-alive-l7", "connections", "nat", "tls", "paths", "cache", "limits", "sticky", "canary", "slow", "kill" }
            .Select(step => ($"./run.sh --tour {step}", "LoadBalancer.EndToEnd.Tests.TourTests.Every_claim_of_the_tour_holds")),
        ("dotnet pack src/LoadBalancer.* -o artifacts", "LoadBalancer.Aspire.Hosting.Tests.PackageTests.Says_what_it_is"),
        ("dotnet add AppHost package LoadBalancer.Aspire.Hosting", "LoadBalancer.Aspire.Hosting.Tests.PackageTests.Balances_in_an_AppHost_that_has_only_the_package"),
        ("dotnet run --project AppHost -- --publisher manifest --output-path out", "LoadBalancer.Docs.Aspire.Tests.AppHostCommandTests.The_manifest_and_its_files_are_where_the_page_says"),
        ("dotnet run --project AppHost -- --operation publish --step gateway-api --output-path out", "LoadBalancer.Aspire.Hosting.Tests.GatewayPublishTests.A_step_of_the_pipeline_writes_a_file_for_each_balancer_and_warns"),
        ("aspire do gateway-api --output-path out", "LoadBalancer.Aspire.Hosting.Tests.GatewayPublishTests.A_step_of_the_pipeline_writes_a_file_for_each_balancer_and_warns"),
        ("aspire publish --output-path out", "LoadBalancer.Aspire.Hosting.Tests.GatewayPublishTests.Aspires_publish_runs_the_step"),
        ("aspire resource edge set-share *", "LoadBalancer.Aspire.Hosting.Tests.BalancerCommandTests.A_canary_share_goes_to_another_pool_until_it_is_taken_away"),
    ];

    public static IReadOnlyList<(string Commands, string Reason)> Left { get; } =
    [
        ("./test.sh", "it runs this test"),
        ("test.cmd", "it runs this test, on Windows"),
        (".ci/run", "it runs this test"),
        ("dotnet format --verify-no-changes", ".ci/run runs it; it takes minutes"),
        ("dotnet format analyzers *", "it changes sources; the build fails where it would"),
        ("UPDATE_SCHEMA=1 *", "it changes files of the repository; a test of the same project fails where it would"),
        ("dotnet run -c Release --project bench/Peers -- *", "minutes of measuring; .ci/run runs the scenario startup, CommandTests has scenarios and options looked up"),
        ("dotnet run -c Release --project bench/Policies -- *", "minutes of measuring; it writes a page of the repository"),
        ("wrk *", "a part of what bench/Peers runs"),
        ("dotnet build tests/LoadBalancer.Aspire.Hosting.Tests", "test.sh builds it"),
        ("tests/LoadBalancer.Aspire.Hosting.Tests/bin/* -explicit only *", "a measurement that wants a machine of its own"),
        ("dotnet dev-certs https*", "it changes the user's certificates"),
        ("dotnet run", "a word about Aspire, not to be typed"),
        ("dotnet exec", "a word about the extension, not to be typed"),
        ("dotnet pack", "a word about the command above it"),
        ("systemctl restart nftables", "it changes the reader's machine; NatCommandTests takes the rules away as it does"),
        ("git clone *", "it needs the internet"),
        ("npm run --silent cli *", "it needs the suite of the line before it, from the internet"),
        ("npm install --prefix samples/TypeScriptAppHost", "it needs the internet"),
        ("npm run check", "it needs what the line before it installs"),
        ("aspire restore", "it needs a package for TypeScript, from nuget.org"),
        ("aspire run --apphost samples/TypeScriptAppHost/apphost.mts", "it needs a package for TypeScript, from nuget.org; ExportTests has the functions"),
        ("aspire run --isolated", "a word about the ports of an AppHost of the reader's"),
        ("aspire add LoadBalancer.Aspire.Hosting", "it needs the package on nuget.org"),
        ("aspire publish", "a word about other publishers"),
        ("aspire deploy", "it needs a place to deploy to"),
        ("kubectl *", "it needs a cluster"),
    ];

    /// <summary>Everything that becomes of a command; there must be one.</summary>
    public static IEnumerable<string> Of(ShellCommand command)
    {
        (string Test, IEnumerable<ShellCommand> Commands)[] here =
        [
            (nameof(RunTests), RunTests.Mine), (nameof(ServerCommandTests), ServerCommandTests.Mine), (nameof(ListedCommandTests), ListedCommandTests.Mine),
            (nameof(NatCommandTests), NatCommandTests.Mine), (nameof(ScriptTests), ScriptTests.Mine),
        ];
        return
        [
            .. here.Where(test => test.Commands.Contains(command)).Select(test => $"run by {test.Test}"),
            .. RunElsewhere.Where(entry => Matches(entry.Commands, command)).Select(entry => $"run by {entry.Test}"),
            .. Left.Where(entry => Matches(entry.Commands, command)).Select(entry => $"not run: {entry.Reason}"),
        ];
    }

    public static bool Matches(string pattern, ShellCommand command) => FileSystemName.MatchesSimpleExpression(pattern, command.Text, ignoreCase: false);
}
