using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Policies;

var seconds = Number("--seconds", 10, 1, 120, "length of a run in seconds");
var rate = Number("--rate", 200, 10, 2_000, "requests a second, sent at random moments whatever has been answered");
var writeDocs = new Option<bool>("--write-docs") { Description = "rewrite the generated part of docs/choosing-a-policy.md and its picture with this run" };
var command = new RootCommand("Measures what clients wait under each policy when one of four backends is slow.") { seconds, rate, writeDocs };
command.SetAction((result, cancellation) => RunAsync(
    result.GetRequiredValue(seconds), result.GetRequiredValue(rate), result.GetValue(writeDocs),
    string.Join(' ', ["dotnet run -c Release --project bench/Policies --", .. args]).TrimEnd(' ', '-'), cancellation));
return await command.Parse(args).InvokeAsync();

static async Task<int> RunAsync(int seconds, int rate, bool writeDocs, string commandLine, CancellationToken cancellation)
{
    await using var backends = await BackendFleet.StartAsync(cancellation);
    await using var balancer = await Balancer.StartAsync(backends, cancellation);
    using var clients = new Clients(balancer.Address);
    // Code that has run is compiled, and connections are open.
    foreach (var policy in Balancer.Policies)
    {
        await clients.RunAsync(policy, rate, TimeSpan.FromSeconds(1), cancellation);
    }

    var rows = new List<Row>();
    foreach (var policy in Balancer.Policies)
    {
        backends.IsOneSlow = false;
        var healthy = await clients.RunAsync(policy, rate, TimeSpan.FromSeconds(seconds), cancellation);
        backends.IsOneSlow = true;
        var degraded = await clients.RunAsync(policy, rate, TimeSpan.FromSeconds(seconds), cancellation);
        rows.Add(new(policy, healthy, degraded));
        Console.WriteLine(rows[^1]);
    }

    if (writeDocs)
    {
        var root = typeof(Program).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        var page = Path.Combine(root, Report.Page);
        await File.WriteAllTextAsync(Path.Combine(root, Report.Picture), Picture.Draw(rows), cancellation);
        await File.WriteAllTextAsync(page, Report.Replace(await File.ReadAllTextAsync(page, cancellation), Report.Generate(
            rows,
            $"`{commandLine}` on {DateTimeOffset.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}, {RuntimeInformation.OSDescription.Trim()}, {Environment.ProcessorCount} processors shared with other work, {RuntimeInformation.FrameworkDescription}: {rate} requests a second for {seconds} s a run")), cancellation);
    }

    return 0;
}

static Option<int> Number(string name, int standard, int lowest, int highest, string description)
{
    var option = new Option<int>(name) { Description = $"{description} (default {standard})", HelpName = $"{lowest}-{highest}", DefaultValueFactory = _ => standard };
    option.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < lowest || value > highest))
        {
            result.AddError($"{name} is '{result.Tokens[0].Value}'; it must be a whole number from {lowest} to {highest}.");
        }
    });
    return option;
}
