using System.Globalization;
using System.Text.RegularExpressions;

namespace Peers.Loads;

/// <summary>What h2load 1.52 writes in a timed run. Every line must be known.</summary>
internal sealed partial record H2LoadOutput(long Requests, double RequestsPerSecond, string? Problem)
{
    /// <exception cref="BenchException">A line is not known, or one is missing.</exception>
    public static H2LoadOutput Parse(string text)
    {
        double? rate = null;
        Match? requests = null;
        Match? codes = null;
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
        {
            if (FinishedLine().Match(line) is { Success: true } finished)
            {
                rate = double.Parse(finished.Groups["rate"].Value, CultureInfo.InvariantCulture);
            }
            else if (RequestsLine().Match(line) is { Success: true } total)
            {
                requests = total;
            }
            else if (CodesLine().Match(line) is { Success: true } statuses)
            {
                codes = statuses;
            }
            else if (!OtherLine().IsMatch(line))
            {
                throw new BenchException($"h2load wrote a line that is not known: '{line}'");
            }
        }

        if (rate is null || requests is null || codes is null)
        {
            throw new BenchException($"h2load did not write the line '{(rate is null ? "finished in T, N req/s" : requests is null ? "requests: N total" : "status codes: N 2xx")}'");
        }

        return new(Count(requests, "done"), rate.Value, FindProblem(requests, codes));
    }

    // What was under way when the time was over is cut off and no failure; its status may have come already.
    private static string? FindProblem(Match requests, Match codes)
    {
        string[] failures = ["failed", "errored", "timeout"];
        string[] otherStatuses = ["redirects", "refusals", "faults"];
        return Count(requests, "done") == 0 ? "no request was answered"
            : failures.Any(failure => Count(requests, failure) > 0) || otherStatuses.Any(status => Count(codes, status) > 0) ? $"{requests.Value}; {codes.Value}"
            : null;
    }

    private static long Count(Match line, string group) => long.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^finished in [\d.]+(us|ms|s|m|h), (?<rate>[\d.]+) req/s, [\d.]+[KMG]?B/s$")]
    private static partial Regex FinishedLine();

    [GeneratedRegex(@"^requests: \d+ total, \d+ started, (?<done>\d+) done, \d+ succeeded, (?<failed>\d+) failed, (?<errored>\d+) errored, (?<timeout>\d+) timeout$")]
    private static partial Regex RequestsLine();

    [GeneratedRegex(@"^status codes: \d+ 2xx, (?<redirects>\d+) 3xx, (?<refusals>\d+) 4xx, (?<faults>\d+) 5xx$")]
    private static partial Regex CodesLine();

    [GeneratedRegex(@"^(starting benchmark\.\.\.|spawning thread #\d+: .+|Warm-up (started|phase is over) for thread #\d+\.|progress: \d+% of clients started|Main benchmark duration is (started|over) for thread #\d+\.( Stopping all clients\.)?|Stopped all clients for thread #\d+|Application protocol: h2c|traffic: .+| +min +max +mean +sd +\+/- sd|(time for request|time for connect|time to 1st byte|req/s {11}):.+)$")]
    private static partial Regex OtherLine();
}
