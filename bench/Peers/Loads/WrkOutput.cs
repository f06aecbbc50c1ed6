using System.Globalization;
using System.Text.RegularExpressions;

namespace Peers.Loads;

/// <summary>What wrk 4.1 writes. Every line must be known: a figure that was misread would be worse than none.</summary>
internal sealed partial record WrkOutput(long Requests, double RequestsPerSecond, string? Problem)
{
    /// <exception cref="BenchException">A line is not known, or one is missing.</exception>
    public static WrkOutput Parse(string text)
    {
        long? requests = null;
        double? rate = null;
        var problems = new List<string>();
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
        {
            if (RequestsLine().Match(line) is { Success: true } total)
            {
                requests = long.Parse(total.Groups[1].Value, CultureInfo.InvariantCulture);
            }
            else if (RateLine().Match(line) is { Success: true } perSecond)
            {
                rate = double.Parse(perSecond.Groups[1].Value, CultureInfo.InvariantCulture);
            }
            else if (ProblemLine().IsMatch(line))
            {
                problems.Add(line.Trim());
            }
            else if (!OtherLine().IsMatch(line))
            {
                throw new BenchException($"wrk wrote a line that is not known: '{line}'");
            }
        }

        if (requests is null || rate is null)
        {
            throw new BenchException($"wrk did not write the line '{(requests is null ? "N requests in T" : "Requests/sec: N")}'");
        }

        if (requests == 0)
        {
            problems.Add("no request was answered");
        }

        return new(requests.Value, rate.Value, problems.Count == 0 ? null : string.Join("; ", problems));
    }

    [GeneratedRegex(@"^  (\d+) requests in [\d.]+(us|ms|s|m|h), [\d.]+[KMGTP]?B read$")]
    private static partial Regex RequestsLine();

    [GeneratedRegex(@"^Requests/sec: +([\d.]+)$")]
    private static partial Regex RateLine();

    [GeneratedRegex(@"^  (Socket errors: connect \d+, read \d+, write \d+, timeout \d+|Non-2xx or 3xx responses: \d+)$")]
    private static partial Regex ProblemLine();

    [GeneratedRegex(@"^(Running .+ test @ .+|  \d+ threads and \d+ connections|  Thread Stats +Avg +Stdev +Max +\+/- Stdev|    (Latency|Req/Sec)( +-?[\w.]+%?){4}|Transfer/sec: +[\d.]+[KMGTP]?B)$")]
    private static partial Regex OtherLine();
}
