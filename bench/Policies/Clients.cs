using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Configuration;

namespace Policies;

/// <summary>
/// An open loop: requests are sent at the moments of a Poisson process, whether or not earlier ones have been answered,
/// and each is timed from the moment at which it was due. A client that waits for one answer before it asks again would
/// ask less while the balancer makes it wait, and leave the worst out.
/// </summary>
internal sealed class Clients : IDisposable
{
    private const int Count = 200;
    private const int Seed = 1;

    private readonly HttpClient _client;

    public Clients(Uri address) => _client = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false, MaxConnectionsPerServer = 2_000 })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(60),
    };

    public void Dispose() => _client.Dispose();

    /// <summary>Sends requests to a policy's route, and waits for the last answer.</summary>
    public async Task<Measured> RunAsync(SelectionPolicy policy, int rate, TimeSpan length, CancellationToken cancellation)
    {
        // The same moments and clients for every policy.
        var random = new Random(Seed);
        var answers = new List<Task<Answer>>();
        var clock = Stopwatch.StartNew();
        for (var due = TimeSpan.Zero; due < length; due += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / rate))
        {
            if (due - clock.Elapsed is { Ticks: > 0 } pause)
            {
                await Task.Delay(pause, cancellation);
            }

            answers.Add(AskAsync(policy, random.Next(Count), clock, due, cancellation));
        }

        return new(await Task.WhenAll(answers));
    }

    private async Task<Answer> AskAsync(SelectionPolicy policy, int client, Stopwatch clock, TimeSpan due, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{policy}");
        request.Headers.Add(Balancer.User, $"user-{client}");
        request.Headers.Add("X-Forwarded-For", $"10.0.0.{client}");
        using var response = await _client.SendAsync(request, cancellation);
        var backend = response.Headers.TryGetValues(BackendFleet.Header, out var values) ? int.Parse(values.Single(), CultureInfo.InvariantCulture) : -1;
        return new(clock.Elapsed - due, (int)response.StatusCode, backend);
    }
}
