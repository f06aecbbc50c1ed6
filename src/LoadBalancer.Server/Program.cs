using System.CommandLine;
using LoadBalancer;
using LoadBalancer.Configuration;
using LoadBalancer.Server;
using LoadBalancer.Server.Configuration;

const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

// A relay does next to nothing between a receive and the send that follows: handing it to another thread would cost
// more than the work. The runtime reads this once, before the first socket; whoever sets it to 0 keeps that.
if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
{
    Environment.SetEnvironmentVariable(InlineCompletions, "1");
}

var config = new Option<FileInfo>("--config") { Description = "The configuration file (JSON).", Required = true, HelpName = "FILE" };
var check = new Option<bool>("--check") { Description = "Only says whether the configuration is valid: exit code 0 or 1." };
var command = new RootCommand("Balances TCP connections (Layer 4) and HTTP requests (Layer 7). Keys of the file can be overridden by environment variables, such as LoadBalancer__Pools__catalog__Policy=LeastConnections.")
{
    config,
    check,
};
command.SetAction((result, _) => RunAsync(result.GetRequiredValue(config).FullName, result.GetValue(check)));

// The host handles signals and takes the drain time for it; the parser would end the process after two seconds.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> RunAsync(string path, bool checkOnly)
{
    var candidate = ConfigurationCandidate.Read(path);
    if (candidate.Options is not { } options)
    {
        return Fail(candidate.Errors);
    }

    if (checkOnly)
    {
        Console.WriteLine($"{path} is valid: {options.Pools.Count} pools, {options.Layer4.Listeners.Count} Layer 4 listeners, {options.Layer7.Listeners.Count} Layer 7 listeners, {options.Layer7.Routes.Count} routes.");
        return 0;
    }

    await using var app = ServerApplication.Build(path, candidate);
    try
    {
        await app.RunAsync();
        return 0;
    }
    catch (ListenException exception)
    {
        return Fail([$"{path}: {exception.Message}"]);
    }
    // Asked to stop before the start was over.
    catch (OperationCanceledException)
    {
        return 0;
    }
    // The admin endpoint is Kestrel's own, and says so in its own words.
    catch (IOException exception)
    {
        ListenAddress.TryParse(options.Admin.Address, out var admin);
        return Fail([$"{path}: {new ListenException("LoadBalancer:Admin:Address", admin, exception.InnerException ?? exception).Message}"]);
    }
}

static int Fail(IEnumerable<string> errors)
{
    foreach (var error in errors)
    {
        Console.Error.WriteLine(error);
    }

    return 1;
}
