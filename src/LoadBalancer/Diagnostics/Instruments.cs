using System.Diagnostics.Metrics;
using LoadBalancer.Backends;

namespace LoadBalancer.Diagnostics;

/// <summary>
/// Instruments of the domain, and those that both layers share. An observable one is made by whoever knows the figures;
/// several that are made under one name are one for whoever collects, so name, unit and description are here.
/// </summary>
internal static class Instruments
{
    private static readonly Counter<long> Picks =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.picks", "{pick}", "Times a backend was picked, by pool and backend.");

    private static readonly Counter<long> Failures =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.failures", "{failure}", "Connections and requests that failed at a backend, by pool and backend.");

    private static readonly Counter<long> Ejections =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.ejections", "{ejection}", "Times a backend was ejected, by pool and backend.");

    private static readonly Counter<long> Retries =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.retries", "{attempt}", "Further attempts, by route or by listener.");

    // A wait is as short as what is waited for, a request of a few milliseconds perhaps, and at most a queue's time-out.
    private static readonly Histogram<double> QueueTime = LoadBalancerTelemetry.Meter.CreateHistogram(
        "lb.queue.duration", "s", "Time that connections and requests waited, by pool, route or listener, whose limit it was.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    private static readonly Counter<long> ClosedConnections =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.connection.closed", "{connection}", "Connections and sessions that ended, by listener and reason.");

    /// <summary>Whether somebody wants to know how long a wait takes.</summary>
    public static bool TimesQueues => QueueTime.Enabled;

    public static void RecordPick(string pool, string backend)
    {
        if (Picks.Enabled)
        {
            Picks.Add(1, new(LoadBalancerTelemetry.PoolKey, pool), new(LoadBalancerTelemetry.ReplicaKey, backend));
        }
    }

    public static void RecordFailure(string pool, Backend backend) =>
        Failures.Add(1, new(LoadBalancerTelemetry.PoolKey, pool), new(LoadBalancerTelemetry.ReplicaKey, backend.Name));

    public static void RecordEjection(string pool, Backend backend) =>
        Ejections.Add(1, new(LoadBalancerTelemetry.PoolKey, pool), new(LoadBalancerTelemetry.ReplicaKey, backend.Name));

    /// <param name="key"><see cref="LoadBalancerTelemetry.RouteKey"/> or <see cref="LoadBalancerTelemetry.ListenerKey"/>.</param>
    /// <param name="name">Its name.</param>
    public static void RecordRetry(string key, string name) => Retries.Add(1, new KeyValuePair<string, object?>(key, name));

    /// <param name="key"><see cref="LoadBalancerTelemetry.PoolKey"/>, <see cref="LoadBalancerTelemetry.RouteKey"/> or <see cref="LoadBalancerTelemetry.ListenerKey"/>.</param>
    /// <param name="name">Its name.</param>
    /// <param name="waited">The time.</param>
    public static void RecordWait(string key, string name, TimeSpan waited) => QueueTime.Record(waited.TotalSeconds, new KeyValuePair<string, object?>(key, name));

    public static void RecordClosed(string listener, string reason) =>
        ClosedConnections.Add(1, new(LoadBalancerTelemetry.ListenerKey, listener), new(LoadBalancerTelemetry.ReasonKey, reason));

    /// <summary>Whether <see cref="RecordClosed"/> is heard.</summary>
    public static bool CountsClosed => ClosedConnections.Enabled;

    public static void ObserveQueues(Func<IEnumerable<Measurement<long>>> waiting) => LoadBalancerTelemetry.Meter.CreateObservableUpDownCounter(
        "lb.queue.length", waiting, "{waiter}", "Connections and requests that wait, by pool, route or listener, whose limit it is.");

    public static void ObserveConnections(
        Func<IEnumerable<Measurement<long>>> active, Func<IEnumerable<Measurement<long>>> accepted, Func<IEnumerable<Measurement<long>>> refused, Func<IEnumerable<Measurement<long>>> bytes)
    {
        var meter = LoadBalancerTelemetry.Meter;
        meter.CreateObservableUpDownCounter("lb.connection.active", active, "{connection}", "Connections and sessions that are open, by listener.");
        meter.CreateObservableCounter("lb.connections", accepted, "{connection}", "Connections and sessions that were accepted, by listener.");
        meter.CreateObservableCounter("lb.connection.refused", refused, "{connection}", "Connections and sessions that were refused, by listener and reason.");
        meter.CreateObservableCounter("lb.io", bytes, "By", "Bytes to backends and to clients, by listener and direction: on Layer 7 those of bodies.");
    }

    public static Measurement<long> Of(long value, string key, string name) => new(value, new KeyValuePair<string, object?>(key, name));
}
